// The socket is killed in the middle of a negotiation, and before it: the negotiation still ends in a connection, by the same offer.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startServer } from "../harness/server.mjs";
import {
  assertUntouched,
  connectPeers,
  flows,
  join,
  links,
  members,
  passed,
  receives,
  resumes,
  send,
  start,
  withSides,
} from "./support/chaos.mjs";
import { inject } from "./support/pages.mjs";
import { makeWorld } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "chromium", "firefox", "firefox"])));
after(() => world?.close());

const sidesOf = (kind, body) => withSides(world, world.pick(kind, kind), body);

/** Counts the offers that the page makes, from now on: `window.offers`. */
const countOffers = ({ page }) =>
  inject(
    page,
    `window.offers = 0;
    const { createOffer, setLocalDescription } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.createOffer = function (...given) {
      offers += 1;
      return createOffer.apply(this, given);
    };
    // Without an argument, the browser makes the description that fits the state (W3C WebRTC §4.4.1.5).
    RTCPeerConnection.prototype.setLocalDescription = function (...given) {
      if (given[0] === undefined && ["stable", "have-local-offer"].includes(this.signalingState)) offers += 1;
      return setLocalDescription.apply(this, given);
    };`,
  );

/** Checks that there was one offer: the client may repeat its frame on a new socket, under its own number. */
async function assertOneOffer(from, to) {
  assert.deepEqual(await Promise.all([from, to].map(({ page }) => page.evaluate("offers"))), [1, 0], "offers that were made");
  const sent = await passed(from, "offer", "up");
  assert.deepEqual([...new Set(sent.map(({ seq, payload }) => `${seq} ${payload.number}`))].length, 1, "offers that were sent");
  const arrived = await passed(to, "offer", "down");
  assert.deepEqual([...new Set(arrived.map(({ seq }) => seq))].length, 1, "offers that arrived");
  assert.deepEqual(await passed(to, "offer", "up"), []);
}

/** Where the caller's wire breaks; `passes`: whether its offer gets through the first time; `cut`: how the wire breaks. */
const BETWEEN = {
  "when the offer has passed": { cut: "reset", passes: true, when: { direction: "up", type: "offer" } },
  "before the offer passes": { cut: "fin", passes: false, when: { direction: "up", type: "offer", isBefore: true } },
  "before the answer passes": { cut: "reset", passes: true, when: { direction: "down", type: "answer", isBefore: true } },
  "when the answer has passed": { cut: "fin", passes: true, when: { direction: "down", type: "answer" } },
};

// The two browsers run side by side, because the tests mostly wait.
describe("a socket is killed", { concurrency: 2 }, () => {
  for (const kind of ["chromium", "firefox"]) {
    describe(kind, { concurrency: 1 }, () => {
      for (const [name, { cut, passes, when }] of Object.entries(BETWEEN)) {
        test(`the caller's socket is killed ${name} (${cut})`, () =>
          sidesOf(kind, async (ada, bob) => {
            for (const side of [ada, bob]) {
              await start(side);
              await countOffers(side);
            }
            const rule = await ada.faults.rule({ when, act: { cut } });
            await connectPeers(ada, bob);
            await ada.faults.fired({ rule });
            assert.deepEqual(await resumes(ada, 1), [true]);
            assert.ok((await links(ada)) > 1);
            assert.equal((await passed(ada, "offer", "up", { link: 0 })).length, passes ? 1 : 0);
            await assertOneOffer(ada, bob);
            await assertUntouched(ada, bob);
          }));
      }

      test("the other side's socket is killed before the offer passes, and before its answer does", () =>
        sidesOf(kind, async (ada, bob) => {
          for (const side of [ada, bob]) {
            await start(side);
            await countOffers(side);
          }
          await bob.faults.rule({ when: { direction: "down", type: "offer", isBefore: true }, act: { cut: "reset" } });
          await bob.faults.rule({ when: { direction: "up", type: "answer", isBefore: true }, act: { cut: "reset" } });
          await connectPeers(ada, bob);
          assert.deepEqual(await resumes(bob, 2), [true, true]);
          assert.equal(await links(bob), 3);
          assert.equal(await links(ada), 1);
          await assertOneOffer(ada, bob);
          await assertUntouched(ada, bob);
        }));

      test("the socket is killed before any message, wherever that is", () =>
        sidesOf(kind, async (ada, bob) => {
          await start(bob);
          const first = [
            { direction: "up", part: "head", isBefore: true, link: 0 },
            { direction: "down", part: "head", isBefore: true, link: 1 },
            { direction: "down", part: "head", link: 2 },
            { direction: "up", byte: 0, link: 3 },
            { direction: "up", byte: 40, link: 4 },
            { direction: "up", type: "hello", link: 5 },
            { direction: "down", type: "welcome", isBefore: true, link: 6 },
            { direction: "down", byte: 20, link: 7 },
          ];
          for (const when of first) await ada.faults.rule({ when, act: { cut: "reset" } });
          await start(ada);
          assert.equal(await links(ada), first.length + 1);
          assert.deepEqual(await ada.page.evaluate("told('resume')"), [], "it was never registered before, as far as it knows");
          assert.deepEqual(await ada.page.evaluate("told('error')"), []);
          assert.deepEqual(await send(ada, bob.id, [1, 2]), ["sent", "sent"]);
          await receives(bob, ada, [1, 2]);
          assert.deepEqual(await send(bob, ada.id, [3]), ["sent"]);
          await receives(ada, bob, [3]);
          await connectPeers(bob, ada);
        }));

      test("the server is killed and started again: connections and channels live, and the session is rebuilt", async () => {
        const server = await startServer(world.namespace);
        await withSides({ ...world, server }, world.pick(kind, kind), async (ada, bob) => {
          const room = `room-${ada.id}`;
          for (const side of [ada, bob]) {
            await start(side);
            await join(side, room);
          }
          await connectPeers(ada, bob);
          await server.stop("SIGKILL");
          for (const side of [ada, bob]) await side.page.waitFor("client.state === 'reconnecting'");
          await flows(ada, bob, "without a server");
          await server.start();
          for (const side of [ada, bob]) assert.deepEqual(await resumes(side, 1), ["session-expired"]);
          for (const [side, other] of [
            [ada, bob],
            [bob, ada],
          ]) {
            await side.page.waitFor("client.findPeers({ room: room.name }).then(({ peers }) => peers.length === 1)", null, {
              what: "the room to be entered again",
            });
            assert.deepEqual(await members(side), [other.id]);
            assert.deepEqual(await send(side, other.id, [1, 2, 3]), ["sent", "sent", "sent"]);
            await receives(other, side, [1, 2, 3]);
            assert.deepEqual(await side.page.evaluate("told('error')"), []);
          }
          await flows(ada, bob, "afterwards");
          await assertUntouched(ada, bob);
        });
        await server.stop("SIGKILL");
      });
    });
  }
});
