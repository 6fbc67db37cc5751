// Gathering mode "complete": descriptions travel with their candidates, and both sides may still offer at once.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { agreement } from "./support/agreement.mjs";
import { INSTANT, blank, equip, startClient } from "./support/pages.mjs";
import { PAIRS, makeWorld, summary, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "chromium", "firefox", "firefox"])));
after(() => world?.close());

/** "ada" is impolite: she makes the first offer of a connection that gathers. */
const IDS = ["ada", "bob"];
const COMPLETE = { mode: "complete", timeoutMs: 10_000 };
/** No server answers there: the default route of the namespace leads nowhere. */
const DEAD_STUN = { iceServers: [{ urls: "stun:192.0.2.1:3478" }] };

/** Records the frames that the page sends from here on: `window.sent`. */
const watchFrames = (page) =>
  page.evaluate(() => {
    window.sent = [];
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (text) {
      const { type, payload } = JSON.parse(text);
      if (payload?.connection !== undefined) sent.push({ type, ...payload });
      return send.call(this, text);
    };
  });

/** Opens pages in browsers of these kinds with clients of these options, in the order of the names, for `body(ada, bob)`. */
const pair = (kinds, options, body) =>
  withPages(world.pick(...kinds), [blank(world.server)], async (...pages) => {
    for (const [at, page] of pages.entries()) {
      await startClient(page, { peerId: IDS[at], ...options[at] });
      await equip(page);
      await watchFrames(page);
      await page.evaluate(() => client.addEventListener("peer", ({ peer }) => (window.peer = peer)));
    }
    const value = await body(...pages);
    for (const page of pages) assert.deepEqual(await page.evaluate("failures"), []);
    return value;
  });

/** Connects these pages at the same instant; returns how long each took. */
async function connect(pages, ...which) {
  const at = Date.now() + 60;
  const times = await Promise.all(
    which.map((side) =>
      pages[side].evaluate(`async () => {
        window.peer = client.peer("${IDS[1 - side]}");
        await (${INSTANT})(${at});
        const began = performance.now();
        await peer.connect();
        return performance.now() - began;
      }`),
    ),
  );
  await agreement(...pages);
  return times;
}

const frames = (page) => page.evaluate("sent.splice(0)");
const ofType = (list, type) => list.filter((frame) => frame.type === type);
const lines = (sdp) => sdp.split("\r\n").filter((line) => line.startsWith("a=candidate:"));

/** Returns the candidates that the browser found for the description's generation, as lines of a description. */
const found = async (page, sdp) => {
  const [, fragment] = /a=ice-ufrag:(\S+)/.exec(sdp);
  const all = await page.evaluate(
    (fragment) =>
      trace
        .filter(({ name, ufrag, candidate }) => name === "icecandidate" && candidate && ufrag === fragment)
        .map(({ candidate }) => candidate),
    fragment,
  );
  return all.map((line) => `a=${line.replace(/ ufrag \S+/, "")}`);
};

/** Checks that the frames of a page are one description of this type, with every candidate that was found, and the end of candidates. */
async function isComplete(page, type, list) {
  assert.deepEqual(
    list.filter(({ type }) => type !== "invite").map(({ type }) => type),
    [type],
  );
  const [{ sdp }] = ofType(list, type);
  const all = await found(page, sdp);
  assert.ok(all.length > 0, "the browser found something");
  const held = lines(sdp);
  assert.ok(
    all.every((line) => held.includes(line)),
    `${held.join("\n")}\nshould be\n${all.join("\n")}`,
  );
  assert.match(sdp, /a=end-of-candidates\r\n/);
}

/** In a page: repeats a text until the next one, and waits for the same text from the other side. */
const TALK = `async (text) => {
  const channel = (window.probe ??= peer.createDataChannel("probe", { negotiated: true, id: 9 }));
  clearInterval(window.saying);
  const heard = new Promise((done) => (channel.onmessage = ({ data }) => data === text && done()));
  window.saying = setInterval(() => channel.readyState === "open" && channel.send(text), 30);
  await Promise.race([heard, new Promise((_, reject) => setTimeout(() => reject(new Error(\`\${text}: nothing heard, the channel is \${channel.readyState}\`)), 10_000))]);
}`;
const talk = (pages, text) => Promise.all(pages.map((page) => page.evaluate(`(${TALK})(${JSON.stringify(text)})`)));

for (const { name, kinds } of PAIRS) {
  describe(name, () => {
    const orders = kinds[0] === kinds[1] ? [kinds] : [kinds, [...kinds].reverse()];
    for (const order of orders) {
      const roles = order === kinds ? "" : ", the roles exchanged";

      for (const [what, which, invites] of [
        ["the impolite side connects", [0], [0]],
        ["the polite side connects", [1], [1]],
        ["both connect at once", [0, 1], [0, 1]],
      ]) {
        test(`${what}: offer and answer hold all candidates, and none follows${roles}`, (t) =>
          pair(order, [{ gathering: COMPLETE }, { gathering: COMPLETE }], async (...pages) => {
            const times = await connect(pages, ...which);
            t.diagnostic(`connect(): ${summary(times)}`);
            const [ada, bob] = await Promise.all(pages.map(frames));
            await isComplete(pages[0], "offer", ada);
            await isComplete(pages[1], "answer", bob);
            assert.equal(ofType(ada, "invite").length, 0);
            assert.ok(invites.includes(ofType(bob, "invite").length), `${ofType(bob, "invite").length} invites`);
          }));
      }

      for (const side of [1, 0]) {
        test(`the ${["impolite", "polite"][side]} side restarts ICE, then the polite one changes the session${roles}`, () =>
          pair(order, [{ gathering: COMPLETE }, { gathering: COMPLETE }], async (...pages) => {
            await connect(pages, 0, 1);
            await talk(pages, "before");
            await Promise.all(pages.map(frames));
            const before = await pages[0].evaluate("peer.connection.localDescription.sdp.match(/a=ice-ufrag:.*/)[0]");
            await pages[side].evaluate("peer.restartIce()");
            await pages[0].waitFor(
              `peer.connection.signalingState === "stable" && peer.connection.localDescription.sdp.match(/a=ice-ufrag:.*/)[0] !== ${JSON.stringify(before)}`,
            );
            await agreement(...pages);
            await talk(pages, "after");
            const [ada, bob] = await Promise.all(pages.map(frames));
            await isComplete(pages[0], "offer", ada);
            await isComplete(pages[1], "answer", bob);
            assert.equal(ofType(bob, "invite").length, side);
            await pages[1].evaluate("void peer.addTrack(picture())");
            await pages[0].waitFor("peer.connection.getReceivers().some(({ track }) => track)");
            await agreement(...pages);
            const later = await Promise.all(pages.map(frames));
            assert.deepEqual(
              later.map((list) => list.map(({ type }) => type)),
              [["answer"], ["offer"]],
            );
          }));
      }
    }

    test("a STUN server that is silent holds a description back for timeoutMs, and not longer", (t) =>
      pair(
        kinds,
        [0, 1].map(() => ({ gathering: { mode: "complete", timeoutMs: 400 }, rtc: DEAD_STUN })),
        async (...pages) => {
          const [ms] = await connect(pages, 0);
          t.diagnostic(`connect(): ${Math.round(ms)} ms`);
          assert.ok(ms >= 400 && ms < 3_000, `${ms} ms`);
          const [[offer], [answer]] = await Promise.all(
            [0, 1].map(async (side) => ofType(await frames(pages[side]), ["offer", "answer"][side])),
          );
          for (const { sdp } of [offer, answer]) assert.ok(lines(sdp).length > 0, "what was found by then is in it");
          // The answer need not hold all: Chromium stops gathering once its checks are answered, for which the offer is enough.
          assert.doesNotMatch(offer.sdp, /a=end-of-candidates/);
        },
      ));

    for (const complete of [0, 1]) {
      test(`one side trickles: both at once, ${["the impolite", "the polite"][complete]} one gathers`, () =>
        pair(
          kinds,
          [0, 1].map((side) => (side === complete ? { gathering: COMPLETE } : {})),
          async (...pages) => {
            await connect(pages, 0, 1);
            const lists = await Promise.all(pages.map(frames));
            // The offer of a polite side that trickles may be there before the other side begins.
            const { type } = lists[complete].find(({ sdp }) => sdp);
            if (complete === 1) assert.equal(type, "answer");
            await isComplete(pages[complete], type, lists[complete]);
            assert.ok(lists[1 - complete].some((frame) => frame.sdp && frame.type !== type));
          },
        ));
    }
  });
}
