// The public face of the package against the real server, in both browsers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { dist } from "../../tools/paths.mjs";
import { blank, loadModule, startClient } from "./support/pages.mjs";
import { PAIRS, makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "chromium", "firefox", "firefox"])));
after(() => world?.close());

const KINDS = ["chromium", "firefox"];
/** Returns a name that no other test of this file uses. */
let names = 0;
const fresh = (name) => `${name}-${++names}`;

/** Opens blank pages in browsers of these kinds. */
const pagesOf = (kinds, body) => withPages(world.pick(...kinds), [blank(world.server)], body);

test("is imported by node, and does nothing", async () => {
  const globals = Object.keys(globalThis).sort();
  const { SignalingClient, SignalingError, errorCodes, initialize } = await import(`${dist}/signalpost.js`);
  assert.deepEqual(Object.keys(globalThis).sort(), globals);
  assert.ok(errorCodes.includes("peer-not-found"));
  assert.equal(typeof initialize, "function");
  const client = new SignalingClient("wss://example.org/signal", { peerId: "ada" });
  assert.deepEqual([client.peerId, client.state, client.remotePeers], ["ada", "idle", []]);
  const relative = new SignalingClient("/signal");
  await assert.rejects(relative.connect(), (error) => error instanceof SignalingError && error.code === "invalid-argument");
  client.close();
  assert.equal(client.state, "closed");
});

for (const kind of KINDS) {
  describe(kind, () => {
    test("the module is not asked for before connect(), and once then", () =>
      pagesOf([kind], async (page) => {
        const asked = () =>
          page.evaluate(`performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => name.endsWith(".wasm")).length`);
        await page.evaluate(async () => {
          const { SignalingClient } = await import("/package/signalpost.js");
          window.clients = [new SignalingClient("/signal"), new SignalingClient("/signal")];
        });
        assert.equal(await asked(), 0);
        await page.evaluate("Promise.all(clients.map((client) => client.connect()))");
        assert.equal(await asked(), 1);
        assert.deepEqual(await page.evaluate("clients.map(({ state }) => state)"), ["connected", "connected"]);
        assert.match(await page.evaluate("clients[0].peerId"), /^[0-9a-f]{16}$/);
      }));

    for (const [source, make] of [
      ["a URL", () => "/package/signalpost/signalpost_bg.wasm"],
      ["a URL object", () => new URL("/package/signalpost/signalpost_bg.wasm", location.href)],
      ["a response to come", () => fetch("/package/signalpost/signalpost_bg.wasm")],
      ["bytes", async () => await (await fetch("/package/signalpost/signalpost_bg.wasm")).arrayBuffer()],
      ["a compiled module", () => WebAssembly.compileStreaming(fetch("/package/signalpost/signalpost_bg.wasm"))],
    ]) {
      test(`initialize() takes ${source}`, () =>
        pagesOf([kind], async (page) => {
          const state = await page.evaluate(`async () => {
            const { SignalingClient, initialize } = await import("/package/signalpost.js");
            await initialize(await (${make})());
            await initialize();
            const client = new SignalingClient("/signal");
            await client.connect();
            return client.state;
          }`);
          assert.equal(state, "connected");
        }));
    }

    test("a load that failed can be repeated, and what waits for one ends by itself", () =>
      pagesOf([kind], async (page) => {
        await loadModule(page);
        const outcomes = await page.evaluate(async () => {
          const { SignalingClient, initialize } = signalpostModule;
          const code = (promise) =>
            promise.then(
              () => "resolved",
              ({ code, retryable }) => `${code} ${retryable}`,
            );
          const outcomes = [];
          // Two loads that fail together, then one that hangs, but not its clients.
          const waiting = new SignalingClient("/signal");
          const failing = initialize("/package/no-such.wasm");
          outcomes.push(await Promise.all([code(failing), code(waiting.connect())]), waiting.state);
          outcomes.push(await code(initialize(new Uint8Array([1, 2, 3]))));
          let deliver;
          const hanging = initialize(new Promise((done) => (deliver = done)));
          const controller = new AbortController();
          const [aborted, closed, late] = [1, 2, 3].map(() => new SignalingClient("/signal"));
          const ends = [aborted.connect({ signal: controller.signal }), closed.connect(), late.connect({ timeoutMs: 50 })].map(code);
          controller.abort();
          closed.close();
          outcomes.push(
            await Promise.all(ends),
            [aborted, closed, late].map(({ state }) => state),
          );
          const connecting = waiting.connect();
          deliver("/package/signalpost/signalpost_bg.wasm");
          await Promise.all([hanging, connecting, late.connect()]);
          return [...outcomes, waiting.state, late.state];
        });
        assert.deepEqual(outcomes, [
          ["load-failed true", "load-failed true"],
          "idle",
          "load-failed true",
          ["aborted false", "closed false", "timeout true"],
          ["idle", "closed", "idle"],
          "connected",
          "connected",
        ]);
      }));

    test("the state goes its way, through a restart of the server too", () =>
      pagesOf([kind], async (page) => {
        await page.evaluate(`import("/package/signalpost.js").then(({ SignalingClient }) => {
          window.client = new SignalingClient("/signal");
          window.states = [client.state];
          client.addEventListener("statechange", ({ state }) => states.push(state === client.state ? state : "another"));
          return Promise.all([client.connect(), client.connect()]);
        })`);
        await world.server.stop();
        try {
          await page.waitFor("client.state === 'reconnecting'");
        } finally {
          await world.server.start();
        }
        await page.waitFor("client.state === 'connected'");
        await page.evaluate("client[Symbol.dispose ?? 'close']()");
        await page.evaluate("client.close()");
        assert.deepEqual(await page.evaluate("states"), ["idle", "connecting", "connected", "reconnecting", "connected", "closed"]);
      }));

    test("`using` closes a client and a peer", async (t) =>
      pagesOf([kind], async (page) => {
        if (!(await page.evaluate("'dispose' in Symbol"))) return t.skip("this browser has no Symbol.dispose");
        await startClient(page, { peerId: fresh("ada") });
        const states = await page.evaluate(`async () => {
          const peer = client.peer("nobody");
          peer[Symbol.dispose]();
          const states = [peer.state, peer.connection.signalingState, client.remotePeers.length];
          client[Symbol.dispose]();
          return [...states, client.state];
        }`);
        assert.deepEqual(states, ["closed", "closed", 0, "closed"]);
      }));
  });
}

test("peers are found by region, capability and room, page by page", () =>
  pagesOf(["chromium", "firefox"], async (seeker, others) => {
    const room = fresh("room");
    const tag = fresh("tag");
    await startClient(seeker, { peerId: fresh("seeker") });
    // Seven peers in one page.
    const ids = Array.from({ length: 7 }, (_, at) => `${tag}-${at}`);
    await others.evaluate(
      async ({ ids, room, tag }) => {
        const { SignalingClient } = await import("/package/signalpost.js");
        window.clients = await Promise.all(
          ids.map(async (peerId, at) => {
            const region = at % 2 ? "eu-west" : undefined;
            const client = new SignalingClient("/signal", {
              peerId,
              region,
              capabilities: [tag, `even-${at % 2 === 0}`],
              metadata: { at, ü: ["😀", null] },
            });
            await client.connect();
            if (at < 3) await client.join(room);
            return client;
          }),
        );
      },
      { ids, room, tag },
    );
    const find = (query) => seeker.evaluate((query) => client.findPeers(query), query);
    const found = async (query) => (await find(query)).peers.map(({ id }) => id);
    assert.deepEqual(await found({ capability: tag }), ids);
    assert.deepEqual(
      await found({ capability: tag, region: "eu-west" }),
      [1, 3, 5].map((at) => ids[at]),
    );
    assert.deepEqual(await found({ room }), ids.slice(0, 3));
    assert.deepEqual(await found({ room, region: "eu-west" }), [ids[1]]);
    assert.deepEqual(await found({ capability: "no such" }), []);
    const { peers } = await find({ room, region: "eu-west" });
    assert.deepEqual(peers, [{ id: ids[1], region: "eu-west", capabilities: [tag, "even-false"], metadata: { at: 1, ü: ["😀", null] } }]);
    const pages = [];
    let cursor;
    do {
      const page = await find({ capability: tag, limit: 3, ...(cursor !== undefined && { cursor }) });
      assert.ok(page.peers.length <= 3);
      pages.push(...page.peers.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    assert.deepEqual(pages, ids);
    await others.evaluate("clients.forEach((client) => client.close())");
    await seeker.waitFor(`client.findPeers({ capability: "${tag}" }).then(({ peers }) => peers.length === 0)`);
  }));

test("a room tells who comes and who goes, and how", () =>
  pagesOf(["chromium", "firefox", "firefox"], async (watcher, first, second) => {
    const room = fresh("room");
    const [ada, bob, eve] = ["ada", "bob", "eve"].map(fresh);
    await startClient(watcher, { peerId: ada });
    await startClient(first, { peerId: bob, metadata: { name: "Bob" } });
    await startClient(second, { peerId: eve });
    const join = (page) =>
      page.evaluate(async (room) => {
        window.room = await client.join(room);
        window.events = [];
        window.room.addEventListener("peerjoin", ({ peer }) => events.push(`+ ${peer.id}`));
        window.room.addEventListener("peerleave", ({ peer, reason }) => events.push(`- ${peer.id} ${reason}`));
        return window.room.peers;
      }, room);
    assert.deepEqual(await join(watcher), []);
    assert.deepEqual(
      (await join(first)).map(({ id }) => id),
      [ada],
    );
    const events = (count) => watcher.waitFor(`events.length >= ${count} && events`, null, { what: `${count} events of the room` });
    await events(1);
    assert.deepEqual(await watcher.evaluate("room.peers"), [{ id: bob, capabilities: [], metadata: { name: "Bob" } }]);
    assert.deepEqual(
      (await join(second)).map(({ id }) => id),
      [ada, bob],
    );
    await events(2);
    await first.evaluate("room.leave({ timeoutMs: 5000 })");
    await events(3);
    await first.evaluate(`client.join("${room}")`);
    await events(4);
    await first.evaluate("client.close()");
    await events(5);
    // A page that the user leaves says `bye`.
    await second.goto("about:blank");
    assert.deepEqual(await events(6), [`+ ${bob}`, `+ ${eve}`, `- ${bob} left`, `+ ${bob}`, `- ${bob} closed`, `- ${eve} closed`]);
    assert.deepEqual(await watcher.evaluate("room.peers"), []);
    assert.deepEqual(await watcher.evaluate("failures"), []);
  }));

/** In a page: connects to the peer and returns its timeline. */
async function connectTo(id) {
  window.peer = client.peer(id);
  window.states = [];
  peer.addEventListener("statechange", ({ state, reason }) => states.push(reason ? `${state} ${reason}` : state));
  await peer.connect();
  return peer.timeline;
}

/** In a page: keeps the peers that connect to this client. */
const listen = (page) =>
  page.evaluate(() => {
    window.arrivals = [];
    client.addEventListener("peer", ({ peer }) => {
      const states = [];
      arrivals.push({ peer, states, messages: [] });
      peer.addEventListener("statechange", ({ state, reason }) => states.push(reason ? `${state} ${reason}` : state));
      peer.addEventListener("datachannel", ({ channel }) => {
        channel.onmessage = ({ data }) => arrivals.find((arrival) => arrival.peer === peer).messages.push(data);
      });
    });
  });

for (const { name, kinds } of PAIRS) {
  describe(name, () => {
    test("one side connects, the timeline tells how, and close() is told", () =>
      pagesOf(kinds, async (...pages) => {
        const room = fresh("room");
        const ids = ["ada", "bob"].map(fresh);
        for (const [at, page] of pages.entries()) await startClient(page, { peerId: ids[at] });
        await listen(pages[1]);
        await pages[1].evaluate((room) => client.join(room).then(() => {}), room);
        await pages[0].evaluate((room) => client.join(room).then(() => {}), room);
        const timeline = await pages[0].evaluate(connectTo, ids[1]);
        await pages[1].waitFor("arrivals[0]?.peer.state === 'connected' && arrivals[0].peer.timeline.open !== undefined");
        const other = await pages[1].evaluate("arrivals[0].peer.timeline");
        assert.ok(timeline.discovery >= 0, "the room told of the peer");
        for (const side of [await pages[0].evaluate("peer.timeline"), other]) {
          const { offer, answer, firstCandidate, pair, open } = side;
          // Candidates that the browser found in time travel in the description: then none comes separately.
          for (const [phase, ms] of Object.entries({ offer, answer, firstCandidate: firstCandidate ?? 0, pair, open })) {
            assert.ok(Number.isInteger(ms) && ms >= 0 && ms < 15_000, `${phase}: ${JSON.stringify(side)}`);
          }
          // When a candidate comes, the pair may already exist: by a candidate that ICE itself discovered (peer-reflexive, RFC 8445 §7.3.1.3).
          assert.ok(offer <= answer && answer <= pair && pair <= open, JSON.stringify(side));
        }
        await pages[0].evaluate(`async () => {
          const channel = peer.createDataChannel("chat");
          await new Promise((done) => (channel.onopen = done));
          channel.send("hello");
        }`);
        await pages[1].waitFor("arrivals[0].messages[0] === 'hello'");
        // A call that has already ended.
        await pages[0].evaluate("peer.connect()");
        const before = Date.now();
        await pages[0].evaluate("peer.close()");
        await pages[1].waitFor("arrivals[0].peer.state === 'closed'");
        assert.ok(Date.now() - before < 3000, "it does not have to find out by itself");
        assert.deepEqual(await pages[0].evaluate("states"), ["connecting", "connected", "closed closed"]);
        assert.deepEqual(await pages[1].evaluate("arrivals[0].states"), ["connecting", "connected", "closed connection-gone"]);
        for (const page of pages) assert.deepEqual(await page.evaluate("[client.remotePeers.length, failures]"), [0, []]);
        // Its timeline is still readable.
        assert.ok((await pages[0].evaluate("peer.timeline")).open > 0);
      }));

    test("a page that is loaded anew under the same id connects again", () =>
      pagesOf(kinds, async (...pages) => {
        const ids = ["ada", "bob"].map(fresh);
        for (const [at, page] of pages.entries()) await startClient(page, { peerId: ids[at] });
        await listen(pages[1]);
        await pages[0].evaluate(connectTo, ids[1]);
        await pages[1].waitFor("arrivals[0]?.peer.state === 'connected'");
        for (let round = 1; round <= 2; round += 1) {
          await pages[0].goto(blank(world.server));
          await startClient(pages[0], { peerId: ids[0] });
          await pages[0].evaluate(connectTo, ids[1]);
          await pages[1].waitFor(`arrivals[${round}]?.peer.state === "connected"`, null, { what: "the page that was loaded anew" });
          assert.equal(await pages[1].evaluate(`arrivals[${round - 1}].peer.state`), "closed", "its former self is gone");
          assert.equal(await pages[1].evaluate("client.remotePeers.length"), 1);
        }
        // The other way round: the peer that stayed connects to the peer that came back.
        await pages[0].goto(blank(world.server));
        await startClient(pages[0], { peerId: ids[0] });
        await listen(pages[0]);
        await pages[1].evaluate("client.remotePeers.forEach((peer) => peer.close())");
        await pages[1].evaluate(connectTo, ids[0]);
        await pages[0].waitFor("arrivals.at(-1)?.peer.state === 'connected'");
      }));
  });
}
