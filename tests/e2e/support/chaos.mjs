// Pages that each reach the server through a fault proxy, and a record of their events.
import assert from "node:assert/strict";
import { startFaults } from "../../harness/faults.mjs";
import { loadModule } from "./pages.mjs";

const NAMES = ["ada", "bob", "eve"];
let sides = 0;

/** Options with short waits, so that a test is short. */
export const QUICK = { baseMs: 50, maxMs: 200, maxVisibleMs: 200 };

/**
 * Opens an empty page in each of these browsers, behind its own proxy: `{ page, faults, id, server }`. Closes them whatever happens; an error
 * carries the history of each side.
 */
export async function withSides(world, browsers, body) {
  const all = [];
  try {
    for (const [at, browser] of browsers.entries()) {
      const side = {
        server: world.server,
        id: `${NAMES[at]}-${++sides}`,
        faults: await startFaults(world.namespace, world.server.port),
      };
      all.push(side);
      side.page = await browser.open(address(side));
    }
    return await body(...all);
  } catch (error) {
    for (const side of all) error.message += `\n\n${await history(side)}`;
    throw error;
  } finally {
    for (const { page, faults } of all) {
      await page?.close().catch(() => {});
      await faults.close();
    }
  }
}

/** Opens the empty page through the side's proxy. */
export const address = ({ faults }) => `${faults.origin}/livez`;

/** Returns the page's events and the frames that passed, in the order of time. */
async function history({ id, page, faults }) {
  const told = await page?.evaluate("window.story ?? []", null, { timeoutMs: 3000 }).catch((error) => [{ what: error.message }]);
  const frames = await faults.frames().catch(() => []);
  const links = await faults.links().catch(() => []);
  const lines = [
    ...(told ?? []).map(({ at, ...rest }) => ({ at, line: `told ${JSON.stringify(rest)}` })),
    ...frames.slice(-80).map(({ at, link, direction, text }) => ({ at, line: `${link} ${direction} ${text.slice(0, 160)}` })),
    ...links.flatMap(({ id: link, at, ended }) => [
      { at, line: `${link} begins` },
      ...(ended ? [{ at: ended, line: `${link} ends` }] : []),
    ]),
  ];
  const began = Math.min(...lines.map(({ at }) => at ?? Infinity));
  lines.sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
  return [`${id}:`, ...lines.map(({ at, line }) => `  ${String((at ?? began) - began).padStart(6)} ${line}`)].join("\n");
}

/**
 * In a page: `window.client`, `window.story` (`{ at, what, … }`, all events, by the wall clock), `window.messages` (`[from, data]`), and
 * `window.told(what)`.
 */
const MAKE = (options) => {
  window.story = [];
  window.messages = [];
  window.tell = (what, more) => story.push({ at: Date.now(), what, ...more });
  window.told = (what) => story.filter((entry) => entry.what === what);
  window.client = new signalpostModule.SignalingClient("/signal", options);
  client.addEventListener("statechange", ({ state, reason }) => tell("state", { state, reason }));
  client.addEventListener("resume", ({ resumed, reason }) => tell("resume", { resumed, reason }));
  client.addEventListener("error", ({ error }) => tell("error", { code: error.code, message: error.message }));
  client.addEventListener("message", ({ from, data }) => messages.push([from, data]));
  client.addEventListener("peer", ({ peer }) => watchPeer(peer));
  // A connection with a channel that both sides create. The story records its end.
  window.watchPeer = (peer) => {
    window.peer = peer;
    window.said = [];
    peer.addEventListener("statechange", ({ state, reason }) => tell("peer", { state, reason }));
    const channel = peer.createDataChannel("probe", { negotiated: true, id: 77 });
    window.channel = channel;
    for (const type of ["open", "closing", "close", "error"]) channel.addEventListener(type, () => tell("channel", { type }));
    channel.addEventListener("message", ({ data }) => said.push(data));
  };
  document.addEventListener("visibilitychange", () => tell("visibilitychange", { state: document.visibilityState }));
};

/** Creates the client and connects it, unless `{ connect: false }`. */
export async function start(side, { connect = true, ...options } = {}) {
  const { page } = side;
  await loadModule(page);
  await page.evaluate(MAKE, { peerId: side.id, reconnect: QUICK, ...options });
  if (!connect) return;
  await meanwhile(side, async () => {
    await client.connect();
    return true;
  });
}

/** Enters a room: `window.room`, and `window.people`, the members that came and went (`{ at, what, id, reason }`). */
export const join = ({ page }, name) =>
  page.evaluate(async (name) => {
    window.room = await client.join(name);
    window.people = [];
    for (const what of ["peerjoin", "peeraway", "peerback", "peerleave"]) {
      room.addEventListener(what, ({ peer, reason }) => {
        people.push({ at: Date.now(), what, id: peer.id, reason });
        tell(what, { id: peer.id, reason });
      });
    }
  }, name);

/** Returns the names in the room's list; `"bob away"` for a peer that is away. */
export const members = ({ page }) => page.evaluate(() => room.peers.map(({ id, away }) => (away ? `${id} away` : id)).sort());

/** Waits until the side's room had this many events about a peer; returns `["peeraway lost", …]`. */
export async function heardOf(side, id, count, { timeoutMs = 15_000 } = {}) {
  const look = `people.filter((entry) => entry.id === ${JSON.stringify(id)})`;
  await side.page.waitFor(`${look}.length >= ${count}`, null, { timeoutMs, what: `${count} events of ${id}` });
  return side.page.evaluate(`${look}.map(({ what, reason }) => reason ? \`\${what} \${reason}\` : what)`);
}

/** Waits until the client had this many `resume` events; returns them as `[true, …]` or `["cause", …]`. */
export async function resumes({ page }, count, { timeoutMs = 15_000 } = {}) {
  await page.waitFor(`told("resume").length >= ${count}`, null, { timeoutMs, what: `${count} resumptions` });
  return page.evaluate(`told("resume").map(({ resumed, reason }) => resumed || reason)`);
}

/** Connects one side to the other, and waits until data flows both ways. */
export async function connectPeers(a, b) {
  // If the peer sent it something before, there is a `RemotePeer` already, and no event for a new one.
  await b.page.evaluate((id) => client.remotePeers.filter((known) => known.id === id).forEach(watchPeer), a.id);
  await meanwhile(
    a,
    async (id) => {
      watchPeer(client.peer(id));
      await peer.connect();
      return true;
    },
    b.id,
  );
  await flows(a, b, "first");
}

/** Each side sends a word over the channel, and the other side receives it. */
export async function flows(a, b, word) {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ]) {
    const text = `${word} of ${from.id}`;
    await from.page.waitFor("window.channel?.readyState === 'open'", null, { what: "an open channel" });
    await from.page.evaluate((text) => channel.send(text), text);
    await to.page.waitFor(`said.includes(${JSON.stringify(text)})`, null, { what: `"${text}" on the channel` });
  }
}

/** Checks that the connection and its channel never failed, on all these sides. */
export async function assertUntouched(...all) {
  for (const { page, id } of all) {
    const { peers, channels, state } = await page.evaluate(() => ({
      peers: told("peer").map(({ state }) => state),
      channels: told("channel").map(({ type }) => type),
      state: [peer.state, channel.readyState, client.remotePeers.length],
    }));
    assert.deepEqual(
      { peers, channels, state },
      { peers: ["connecting", "connected"], channels: ["open"], state: ["connected", "open", 1] },
      id,
    );
  }
}

/**
 * Runs an asynchronous function in the page without holding the tab up meanwhile, because tabs of one WebDriver browser take turns. Returns its value,
 * which is JSON and not falsy.
 */
export async function meanwhile({ page }, body, arg, { timeoutMs = 30_000 } = {}) {
  const at = await page.evaluate(
    `(arg) => {
    window.ends ??= [];
    const at = ends.push(undefined) - 1;
    (${body})(arg).then((value) => (ends[at] = { value }), (error) => (ends[at] = { error: String(error) }));
    return at;
  }`,
    arg,
  );
  const { value, error } = await page.waitFor(`ends[${at}]`, null, { timeoutMs, what: `the end of ${String(body).slice(0, 80)}` });
  if (error !== undefined) throw new Error(error);
  return value;
}

/** Sends these messages through the server, one after another without waiting; returns how each promise ended: `"sent"` or a code. */
export const send = (side, to, all, options) =>
  meanwhile(
    side,
    async ({ to, all, options }) => {
      const target = client.peer(to);
      return Promise.all(
        all.map((data) =>
          target.send(data, options).then(
            () => "sent",
            ({ code }) => code,
          ),
        ),
      );
    },
    { to, all, options },
  );

/** Waits until a side has exactly these messages from the other side, in this order. */
export async function receives(side, from, expected, { timeoutMs = 15_000 } = {}) {
  const look = `messages.filter(([of]) => of === ${JSON.stringify(from.id)}).map(([, data]) => data)`;
  await side.page.waitFor(`${look}.length >= ${expected.length}`, null, { timeoutMs, what: `${expected.length} messages` });
  assert.deepEqual(await side.page.evaluate(look), expected);
}

/** Returns the parsed frames of a kind that passed on a side's wire. */
export const passed = async ({ faults }, type, direction, more = {}) =>
  (await faults.frames({ type, direction, ...more })).map(({ at, link, text }) => ({ at, link, ...JSON.parse(text) }));

/** Returns the links that a side has opened so far. */
export const links = async ({ faults }) => (await faults.links()).length;
