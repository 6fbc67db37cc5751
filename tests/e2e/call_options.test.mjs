// Every asynchronous method takes `signal` and `timeoutMs`, and ends by them in one way. In both browsers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, loadModule, startClient } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

/** Makes `window.calls`: each asynchronous method that waits for the server, as a function of its options; and `window.ended`. */
const prepare = (page) =>
  page.evaluate(async () => {
    const sdp = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-ufrag:abcd\r\n";
    const candidate = { candidate: "candidate:1 1 udp 1 10.0.0.1 9 typ host", sdpMid: "0" };
    const room = await client.join("call options");
    const peer = client.peer("somebody");
    const { signals } = client;
    const other = new signalpostModule.SignalingClient("/signal", { reconnect: { maxAttempts: 99 } });
    window.calls = {
      "client.connect": (options) => other.connect(options),
      "client.findPeers": (options) => client.findPeers({}, options),
      "client.join": (options) => client.join("another", options),
      "room.broadcast": (options) => room.broadcast(1, options),
      "peer.connect": (options) => peer.connect(options),
      "peer.send": (options) => peer.send(1, options),
      "peer.send with a receipt": (options) => peer.send(1, typeof options === "object" ? { receipt: true, ...options } : options),
      "signals.sendOffer": (options) => signals.sendOffer("somebody", { type: "offer", sdp }, options),
      "signals.sendAnswer": (options) => signals.sendAnswer("somebody", { type: "answer", sdp }, options),
      "signals.sendIceCandidate": (options) => signals.sendIceCandidate("somebody", candidate, options),
      // The last one: the room is left by it.
      "room.leave": (options) => room.leave(options),
    };
    Object.assign(window, { peer, room });
    /** How many members a room has, as another client sees it. */
    const witness = new signalpostModule.SignalingClient("/signal");
    await witness.connect();
    window.members = async (name) => (await witness.findPeers({ room: name })).peers.length;
    window.ended = async (name, call) => {
      const began = performance.now();
      const error = await call.then(
        () => ({ code: "resolved" }),
        (error) => error,
      );
      const { code, retryable, cause } = error;
      const isOurs = error instanceof signalpostModule.SignalingError;
      return { name, code, retryable, isOurs, cause: cause?.message ?? cause, ms: performance.now() - began };
    };
  });

const aborted = { code: "aborted", retryable: false, isOurs: true, cause: "enough" };

for (const kind of ["chromium", "firefox"]) {
  describe(`calls in ${kind}`, () => {
    test("each ends by its signal and by its timeoutMs, with a server that does not answer", () =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        await startClient(page, { peerId: `caller-${kind}` });
        await prepare(page);
        await world.server.freeze();
        let seen;
        try {
          seen = await page.evaluate(async () => {
            const by = { before: [], signal: [], time: [] };
            const all = Object.entries(calls);
            for (const [name, call] of all.filter(([name]) => name !== "room.leave")) {
              by.before.push(await ended(name, call({ signal: AbortSignal.abort(new Error("enough")) })));
              by.time.push(ended(name, call({ timeoutMs: 150 })));
            }
            by.time = await Promise.all(by.time);
            const stop = new AbortController();
            by.signal = all.map(([name, call]) => ended(name, call({ signal: stop.signal })));
            setTimeout(() => stop.abort(new Error("enough")), 50);
            by.signal = await Promise.all(by.signal);
            peer.close();
            return by;
          });
        } finally {
          await world.server.thaw();
        }
        const told = (list) => {
          for (const { name, ms } of list) assert.ok(ms < 2000, `${name}: ${ms} ms`);
          return list.map(({ ms, ...rest }) => rest);
        };
        for (const by of [seen.before, seen.signal]) {
          assert.ok(by.length >= 10);
          assert.deepEqual(
            told(by),
            by.map(({ name }) => ({ name, ...aborted })),
          );
        }
        assert.ok(seen.time.every(({ ms }) => ms >= 140));
        assert.deepEqual(
          told(seen.time).map(({ name, code, retryable, isOurs }) => ({ name, code, retryable, isOurs })),
          seen.time.map(({ name }) => ({ name, code: "timeout", retryable: true, isOurs: true })),
        );
        // What was given up leaves nothing behind: the client goes on.
        await page.waitFor("client.state === 'connected'");
        await page.waitFor("Promise.all(['another', 'call options'].map(members)).then((counts) => counts.every((count) => count === 0))");
        assert.deepEqual(await page.evaluate("failures"), []);
      }));

    test("what the browser does ends by them as well", () =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        await loadModule(page);
        const hanging = await page.evaluate(async () => {
          const { initialize } = signalpostModule;
          const never = new Promise(() => {});
          const code = (promise) =>
            promise.then(
              () => "resolved",
              ({ code, cause }) => [code, cause?.message].join(" ").trim(),
            );
          const stop = new AbortController();
          setTimeout(() => stop.abort(new Error("enough")), 20);
          return [await code(initialize(never, { timeoutMs: 20 })), await code(initialize(undefined, { signal: stop.signal }))];
        });
        assert.deepEqual(hanging, ["timeout", "aborted enough"]);
      }));

    test("statistics and tracks too, and options that are not allowed are refused", () =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        await startClient(page, { peerId: `browser-${kind}` });
        await prepare(page);
        const told = await page.evaluate(async () => {
          const { sender } = peer.addTransceiver("audio");
          const own = {
            "peer.stats": (options) => peer.stats(options),
            "peer.replaceTrack": (options) => peer.replaceTrack(sender, null, options),
            initialize: (options) => signalpostModule.initialize(undefined, options),
          };
          const told = [];
          for (const [name, call] of Object.entries(own)) {
            const options = [{ signal: AbortSignal.abort(new Error("enough")) }, { timeoutMs: 5000, signal: new AbortController().signal }];
            for (const each of options) told.push(`${name} ${(await ended(name, call(each))).code}`);
          }
          const wrong = [];
          for (const [name, call] of Object.entries({ ...calls, ...own })) {
            for (const options of [{ timeoutMs: 0 }, { timeoutMs: "1" }, { signal: {} }, 5]) {
              const { code } = await ended(name, call(options));
              if (code !== "invalid-argument") wrong.push([name, options, code]);
            }
          }
          // A call with wrong options leaves no room; the next one does.
          const counts = [await members("call options"), await members("another")];
          await room.leave();
          return { told, wrong, counts: [...counts, await members("call options")] };
        });
        assert.deepEqual(told.wrong, []);
        assert.deepEqual(told.counts, [1, 0, 0]);
        assert.deepEqual(told.told, [
          "peer.stats aborted",
          "peer.stats resolved",
          "peer.replaceTrack aborted",
          "peer.replaceTrack resolved",
          "initialize aborted",
          "initialize resolved",
        ]);
      }));

    test("a remote peer tells what lists said of it", () =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        await startClient(page, { peerId: `seeker-${kind}` });
        const infos = await page.evaluate(async (kind) => {
          const other = new signalpostModule.SignalingClient("/signal", {
            peerId: `listed-${kind}`,
            region: "here",
            metadata: { name: "Ada" },
          });
          await other.connect();
          const infos = [client.peer(other.peerId).info ?? null];
          await client.findPeers({ region: "here" });
          infos.push(client.peer(other.peerId).info);
          const room = await client.join(`info-${kind}`);
          const came = new Promise((done) => room.addEventListener("peerjoin", done, { once: true }));
          await other.join(room.name);
          await came;
          infos.push(client.peer(other.peerId).info === room.peers[0]);
          const left = new Promise((done) => room.addEventListener("peerleave", done, { once: true }));
          other.close();
          await left;
          infos.push(client.peer(other.peerId).info?.metadata);
          return infos;
        }, kind);
        const info = { id: `listed-${kind}`, region: "here", capabilities: [], metadata: { name: "Ada" } };
        assert.deepEqual(infos, [null, info, true, { name: "Ada" }]);
      }));
  });
}
