// A promise, the object and its events agree, at the same moment, and report each failure once.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, startClient } from "./support/pages.mjs";
import { PAIRS, makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "chromium", "firefox", "firefox"])));
after(() => world?.close());

let names = 0;
const fresh = (name) => `${name}-${++names}`;

describe("a call and the state", () => {
  for (const { name, kinds } of PAIRS) {
    test(`${name}: a peer is connected when its connect() has resolved`, () =>
      withPages(world.pick(...kinds), [blank(world.server)], async (a, b) => {
        const [ada, bob] = ["ada", "bob"].map(fresh);
        await startClient(a, { peerId: ada });
        await startClient(b, { peerId: bob });
        const seen = [];
        for (let round = 0; round < 15; round += 1) {
          seen.push(
            await a.evaluate(async (id) => {
              const peer = client.peer(id);
              const told = [];
              peer.addEventListener("statechange", ({ state }) => told.push(state));
              await peer.connect();
              const state = peer.state;
              // The page gets no event for the browser's later states on the way there.
              await new Promise((done) => setTimeout(done, 100));
              peer.close();
              return [state, peer.state, ...told].join(" ");
            }, bob),
          );
          await b.waitFor("client.remotePeers.length === 0", null, { what: "the end at the other side" });
        }
        const right = /^connected closed (connecting )?connected closed$/;
        assert.deepEqual(
          seen.filter((each) => !right.test(each)),
          [],
        );
      }));
  }

  test("a client, a room and a peer that were closed are so at once, also while something is told", () =>
    withPages(world.pick("chromium", "firefox"), [blank(world.server)], async (a, b) => {
      const [ada, bob] = ["ada", "bob"].map(fresh);
      await startClient(a, { peerId: ada });
      await startClient(b, { peerId: bob });
      await b.evaluate("client.join('at-once').then(() => {})");
      const seen = await a.evaluate(async (id) => {
        const seen = {};
        const room = await client.join("at-once");
        seen.room = room.peers.map(({ id }) => id);
        const first = client.peer(id);
        const told = [];
        first.addEventListener("statechange", ({ state, reason }) => told.push(`${state} ${reason}`.trim()));
        await new Promise((done) => {
          first.addEventListener("open", () => {
            told.push("open");
            first.close();
            const second = client.peer(id);
            seen.inside = [first.state, client.remotePeers.length, client.remotePeers[0] === second, second !== first, second.state];
            window.second = second;
            done();
          });
          first.connect().catch(() => {});
        });
        await second.connect();
        seen.after = [first.state, second.state, client.remotePeers.length];
        seen.told = told.filter((each) => each !== "connecting");
        const left = room.leave();
        seen.left = room.peers.length;
        await left;
        const other = await client.join("at-once");
        await new Promise((done) => {
          second.addEventListener("statechange", () => {
            seen.closing = [client.state, second.state, client.remotePeers.length, other.peers.length];
            done();
          });
          client.close();
          seen.closed = [client.state, second.state, client.remotePeers.length, other.peers.length];
        });
        return seen;
      }, bob);
      assert.deepEqual(seen, {
        room: [bob],
        inside: ["closed", 1, true, true, "new"],
        after: ["closed", "connected", 1],
        told: ["connected", "open", "closed closed"],
        left: 0,
        closed: ["closed", "closed", 0, 0],
        closing: ["closed", "closed", 0, 0],
      });
    }));
});

describe("a call that is refused", () => {
  for (const kind of ["chromium", "firefox"]) {
    test(`${kind}: rejects, and is no event`, () =>
      withPages(world.pick(kind, kind), [blank(world.server)], async (page, other) => {
        const [ada, bob] = ["ada", "bob"].map(fresh);
        await startClient(page, { peerId: ada });
        await startClient(other, { peerId: bob });
        const seen = await page.evaluate(
          async ({ own, gone }) => {
            const events = [];
            const codes = [];
            const call = (promise) =>
              promise.then(
                () => codes.push("ok"),
                ({ code }) => codes.push(code),
              );
            const listen = (target, name) => target.addEventListener("error", ({ error }) => events.push(`${name} ${error.code}`));
            listen(client, "client");
            const nobody = client.peer("nobody");
            listen(nobody, "peer");
            await call(nobody.connect());
            // If two calls wait, both reject, and there is no event.
            const again = client.peer("nobody");
            await Promise.all([call(again.connect()), call(again.connect())]);
            await call(client.peer("nobody").send(1));
            await call(client.signals.sendOffer("nobody", { type: "offer", sdp: "v=0\r\n" }));
            const second = new signalpostModule.SignalingClient("/signal", { peerId: own });
            listen(second, "second");
            await call(second.connect());
            const peer = client.peer(gone);
            listen(peer, "gone");
            const connecting = call(peer.connect());
            peer.close();
            await connecting;
            await new Promise((done) => setTimeout(done, 200));
            return { codes, events };
          },
          { own: ada, gone: bob },
        );
        assert.deepEqual(seen, {
          codes: ["peer-not-found", "peer-not-found", "peer-not-found", "peer-not-found", "peer-not-found", "peer-id-taken", "closed"],
          events: [],
        });
      }));
  }
});
