// `client.peer(id)` before `connect()`: its connection is made at once, and the module takes it over.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, loadModule } from "./support/pages.mjs";
import { PAIRS, makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "chromium", "firefox", "firefox"])));
after(() => world?.close());

let names = 0;
const fresh = (name) => `${name}-early-${++names}`;

describe("a peer before connect()", () => {
  for (const { name, kinds } of PAIRS) {
    test(`${name}: tracks and channels that were added then are negotiated`, () =>
      withPages(world.pick(...kinds), [blank(world.server)], async (a, b) => {
        const [ada, bob] = ["ada", "bob"].map(fresh);
        for (const page of [a, b]) await loadModule(page);
        /** With what each side begins: nothing but its listeners, a channel, or an audio transceiver. */
        const begin = (page, own, other) =>
          page.evaluate(
            ([own, other]) => {
              window.client = new signalpostModule.SignalingClient("/signal", { peerId: own });
              window.told = [];
              client.addEventListener("peer", () => told.push("peer"));
              window.peer = client.peer(other);
              peer.addEventListener("datachannel", ({ channel }) => told.push(`channel ${channel.label}`));
              peer.addEventListener("track", ({ track }) => told.push(`track ${track.kind}`));
              window.channel = peer.createDataChannel(`of ${own}`);
              peer.addTransceiver("audio");
              const before = [client.state, peer.state, client.peer(other) === peer, client.remotePeers.length];
              const { discovery, offer, open } = peer.timeline;
              return [...before, discovery, offer, open].map(String);
            },
            [own, other],
          );
        const expected = ["idle", "new", "true", "1", "undefined", "undefined", "undefined"];
        assert.deepEqual(await begin(a, ada, bob), expected);
        assert.deepEqual(await begin(b, bob, ada), expected);
        const early = await a.evaluate(() => {
          window.early = peer.connection;
          return peer.connect().catch(({ code }) => code);
        });
        assert.equal(early, "invalid-state", "the client is not connected, and does not try");
        await b.evaluate("client.connect()");
        // Nobody has to wait for the client's own connect().
        await a.evaluate("Promise.all([client.connect(), peer.connect({ timeoutMs: 30000 })]).then(() => {})");
        for (const [page, other] of [
          [a, bob],
          [b, ada],
        ]) {
          await page.waitFor((wanted) => channel.readyState === "open" && told.includes(wanted), `channel of ${other}`);
          await page.waitFor("told.includes('track audio')");
          assert.equal(await page.evaluate("told.includes('peer')"), false, "the application has made the peer itself");
          assert.deepEqual(await page.evaluate("[client.remotePeers.length, client.remotePeers[0] === peer, peer.state]"), [
            1,
            true,
            "connected",
          ]);
        }
        assert.equal(await a.evaluate("early === peer.connection"), true);
        // The module has taken the connection over: the other side hears of its end.
        await a.evaluate("peer.close()");
        assert.equal(await b.waitFor("peer.state === 'closed' && peer.connection.signalingState"), "closed");
      }));
  }

  for (const kind of ["chromium", "firefox"]) {
    test(`in ${kind} it ends like any other, and what cannot be is refused`, () =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        await loadModule(page);
        const seen = await page.evaluate(async () => {
          const { SignalingClient } = signalpostModule;
          const code = (act) => {
            try {
              return act() && "made";
            } catch ({ name, code }) {
              return `${name} ${code}`;
            }
          };
          const told = [];
          const watch = (peer) => {
            peer.addEventListener("statechange", ({ state, reason }) => told.push(`${peer.id} ${state} ${reason}`));
            return peer;
          };
          const client = new SignalingClient("/signal", { peerId: "me" });
          const first = watch(client.peer("first"));
          first.close();
          const second = client.peer("first");
          const states = [first.state, first.connection.signalingState, second !== first, client.remotePeers.length];
          const last = watch(client.peer("last"));
          client.close();
          states.push(client.state, last.state, last.connection.signalingState, second.connection.signalingState);
          const refused = [
            code(() => client.peer("late")),
            code(() => new SignalingClient("/signal", { peerId: "me" }).peer("me")),
            code(() => new SignalingClient("/signal", { rtc: { iceServers: [{ urls: "nonsense:" }] } }).peer("you")),
          ];
          return { told, states, refused };
        });
        assert.deepEqual(seen, {
          told: ["first closed closed", "last closed closed"],
          states: ["closed", "closed", true, 1, "closed", "closed", "closed", "closed"],
          refused: ["SignalingError closed", "SignalingError invalid-argument", "SignalingError connection-unavailable"],
        });
      }));
  }
});
