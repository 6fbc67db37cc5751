// Tabs that vanish, leave, come back, are duplicated, or meet another tab with the same id; a peer in the same room observes them.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { launchChromium, launchFirefox } from "../harness/browsers.mjs";
import { startServer } from "../harness/server.mjs";
import { address, connectPeers, flows, heardOf, join, members, receives, resumes, send, start, withSides } from "./support/chaos.mjs";
import { outcome } from "./support/pages.mjs";
import { makeWorld } from "./support/world.mjs";

const WINDOW_S = 4;
/** A notice that the server sends at once takes less time than this; one that it must find out first takes more. */
const AT_ONCE_MS = 2000;
const AWAY_MS = 10_000;

const LAUNCH = { chromium: launchChromium, firefox: launchFirefox };

let world;
/** The same with a server that soon gives up clients that are away. */
let hasty;
before(async () => {
  world = await makeWorld(["chromium", "chromium", "firefox", "firefox"]);
  hasty = { ...world, server: await startServer(world.namespace, { args: ["--resume-window", String(WINDOW_S)] }) };
});
after(() => world?.close());

const sidesOf = (kind, body) => withSides(world, world.pick(kind, kind), body);

/** Brings both into a room, and waits until the first knows of the second. */
async function inRoom(ada, bob, options = {}) {
  const room = `room-${ada.id}`;
  await start(ada);
  await join(ada, room);
  await start(bob, options);
  await join(bob, room);
  assert.deepEqual(await heardOf(ada, bob.id, 1), ["peerjoin"]);
}

/** Returns how long after `since` the side's room had the `nth` event about a peer, in milliseconds. */
const toldAfter = async (side, id, nth, since) =>
  (await side.page.evaluate((id) => people.filter((entry) => entry.id === id), id))[nth].at - since;

// The two browsers run side by side, because the tests mostly wait.
describe("tabs", { concurrency: 2 }, () => {
  for (const kind of ["chromium", "firefox"]) {
    describe(kind, { concurrency: 1 }, () => {
      test("of a browser that is killed each page is away within 10 s, and gone once when the window ends", async (t) => {
        const doomed = await LAUNCH[kind](world.namespace);
        const [observer] = world.pick(kind);
        try {
          // Two of its pages: one has a connection, which the observer must find dead first.
          await withSides(hasty, [observer, doomed], (ada, bob) =>
            withSides(world, [observer, doomed], async (eve, dan) => {
              await inRoom(ada, bob);
              await inRoom(eve, dan);
              await connectPeers(eve, dan);
              const killed = Date.now();
              await doomed.kill();
              assert.deepEqual(await heardOf(ada, bob.id, 2), ["peerjoin", "peeraway lost"]);
              await heardOf(ada, bob.id, 3);
              const [away, gone] = [await toldAfter(ada, bob.id, 1, killed), await toldAfter(ada, bob.id, 2, killed)];
              t.diagnostic(`peeraway after ${away} ms, peerleave after ${gone} ms`);
              assert.ok(away < AT_ONCE_MS && gone > WINDOW_S * 1000 - 200 && gone < WINDOW_S * 1000 + AT_ONCE_MS, `${away} ms, ${gone} ms`);
              assert.deepEqual(await heardOf(eve, dan.id, 2), ["peerjoin", "peeraway lost"]);
              const found = await toldAfter(eve, dan.id, 1, killed);
              t.diagnostic(`peeraway after ${found} ms with a connection`);
              assert.ok(found < AWAY_MS, `${found} ms`);
              assert.deepEqual(await heardOf(ada, bob.id, 3), ["peerjoin", "peeraway lost", "peerleave lost"]);
              assert.deepEqual([await members(ada), await members(eve)], [[], [`${dan.id} away`]]);
            }),
          );
        } finally {
          await doomed.close().catch(() => {});
        }
      });

      test("a page whose wire goes silent is away within 10 s, is not found, and is back with all that was said to it", async (t) =>
        sidesOf(kind, async (ada, bob) => {
          await inRoom(ada, bob);
          // Waits until no frame waits for an answer.
          await sleep(1000);
          const silent = Date.now();
          // Its own attempts to come back fail too.
          await bob.faults.act({ freeze: "sink", gate: "sink" });
          assert.deepEqual((await heardOf(ada, bob.id, 2))[1], "peeraway silent");
          const away = await toldAfter(ada, bob.id, 1, silent);
          t.diagnostic(`peeraway after ${away} ms`);
          assert.ok(away < AWAY_MS, `${away} ms`);
          assert.deepEqual(await members(ada), [`${bob.id} away`]);
          assert.deepEqual(await ada.page.evaluate("client.findPeers({ room: room.name }).then(({ peers }) => peers)"), []);
          assert.deepEqual(await send(ada, bob.id, ["are you there?"]), ["sent"]);
          await bob.faults.act({ cut: "reset", gate: "open" });
          assert.deepEqual(await resumes(bob, 1), [true]);
          assert.deepEqual(await heardOf(ada, bob.id, 3), ["peerjoin", "peeraway silent", "peerback"]);
          assert.deepEqual(await members(ada), [bob.id]);
          await receives(bob, ada, ["are you there?"]);
        }));

      test("a page without a socket, but with a connection, is not called away", () =>
        sidesOf(kind, async (ada, bob) => {
          await inRoom(ada, bob);
          await connectPeers(ada, bob);
          await bob.faults.act({ cut: "reset", gate: "reset" });
          await bob.page.waitFor("client.state === 'reconnecting'");
          // Longer than a browser is silent on an unused connection (RFC 7675 §5.1: 5 s, give or take a fifth).
          await sleep(8000);
          await bob.faults.act({ gate: "open" });
          await resumes(bob, 1);
          await flows(ada, bob, "afterwards");
          assert.deepEqual(await heardOf(ada, bob.id, 1), ["peerjoin"]);
        }));

      for (const [how, reason, leave] of [
        ["close()", "closed", ({ page }) => page.evaluate("client.close()")],
        ["a page that navigates away", "closed", ({ page }) => page.goto("about:blank")],
        ["a tab that is closed", "closed", ({ page }) => page.close()],
      ]) {
        test(`${how} is told at once, as the one leave`, async (t) =>
          sidesOf(kind, async (ada, bob) => {
            await inRoom(ada, bob);
            const left = Date.now();
            await leave(bob);
            await heardOf(ada, bob.id, 2);
            const took = await toldAfter(ada, bob.id, 1, left);
            t.diagnostic(`${took} ms`);
            assert.ok(took < AT_ONCE_MS, `${took} ms`);
            // Firefox has closed the socket before the page could say `bye`: the peer is away, and gone within 2 s.
            const isAway = kind === "firefox" && how !== "close()";
            const expected = ["peerjoin", ...(isAway ? ["peeraway lost"] : []), `peerleave ${reason}`];
            const heard = await heardOf(ada, bob.id, expected.length);
            const gone = await toldAfter(ada, bob.id, expected.length - 1, left);
            assert.ok(gone < 2000 + AT_ONCE_MS, `${gone} ms`);
            await sleep(500);
            assert.deepEqual([heard, await heardOf(ada, bob.id, 2)], [expected, expected]);
          }));
      }

      test("a second tab under the same id is refused, and the first lives", () =>
        sidesOf(kind, async (ada, bob) => {
          await inRoom(ada, bob);
          const second = { ...bob, page: await bob.page.newTab(address(bob)) };
          try {
            await start(second, { connect: false });
            const { code } = await outcome(second.page, "() => client.connect()");
            assert.equal(code, "peer-id-taken");
            assert.deepEqual(await send(ada, bob.id, ["to the first"]), ["sent"]);
            await receives(bob, ada, ["to the first"]);
            assert.deepEqual(await bob.page.evaluate("[client.state, told('state').length]"), ["connected", 2]);
          } finally {
            await second.page.close();
          }
          assert.deepEqual(await heardOf(ada, bob.id, 1), ["peerjoin"]);
        }));

      test('of two tabs with session.storage "origin" the newest has the id; the other is told once, and does not fight for it', () =>
        sidesOf(kind, async (ada, bob) => {
          const session = { storage: "origin" };
          await inRoom(ada, bob, { session });
          const second = { ...bob, page: await bob.page.newTab(address(bob)) };
          try {
            await start(second, { session });
            await bob.page.waitFor("client.state === 'idle'");
            assert.equal(await bob.page.evaluate("told('state').at(-1).reason"), "superseded");
            await bob.page.evaluate(`dispatchEvent(new Event("online"))`);
            await sleep(1000);
            assert.deepEqual(await bob.page.evaluate("client.state"), "idle");
            assert.deepEqual(await send(ada, bob.id, ["to the second"]), ["sent"]);
            await receives(second, ada, ["to the second"]);
            assert.deepEqual(await bob.page.evaluate("messages"), []);
          } finally {
            await second.page.close();
          }
        }));

      test('a reload with session.storage "tab" has its id at once, whatever became of its former socket', () =>
        withSides(hasty, world.pick(kind, kind), async (ada, bob) => {
          const session = { storage: "tab" };
          await inRoom(ada, bob, { session });
          for (const isSilent of [false, true]) {
            // The `bye` of the page does not arrive.
            if (isSilent) await bob.faults.act({ freeze: "sink" });
            await bob.page.goto(address(bob));
            const began = Date.now();
            await start(bob, { session });
            assert.ok(Date.now() - began < AT_ONCE_MS);
            await join(bob, `room-${ada.id}`);
            await ada.page.waitFor("people.at(-1).what === 'peerjoin' && room.peers.length === 1");
            assert.deepEqual(await send(ada, bob.id, ["again"]), ["sent"]);
            await receives(bob, ada, ["again"]);
            const count = await ada.page.evaluate("people.length");
            // Each incarnation left once.
            const { joined, left } = await ada.page.evaluate(() => ({
              joined: people.filter(({ what }) => what === "peerjoin").length,
              left: people.filter(({ what }) => what === "peerleave").length,
            }));
            assert.deepEqual([joined, left], isSilent ? [3, 2] : [2, 1], `${count} events`);
          }
          // Nothing from a former incarnation comes later.
          await sleep(WINDOW_S * 1000 + 500);
          assert.deepEqual(await ada.page.evaluate("people.at(-1).what"), "peerjoin");
        }));

      test("without it the id is taken until the former self is given up", () =>
        sidesOf(kind, async (ada, bob) => {
          await inRoom(ada, bob);
          await bob.faults.act({ freeze: "sink" });
          await bob.page.goto(address(bob));
          await start(bob, { connect: false });
          assert.equal((await outcome(bob.page, "() => client.connect()")).code, "peer-id-taken");
        }));

      for (const named of [true, false]) {
        test(`a tab that is duplicated with session.storage "tab" has a session of its own, and the first lives (${named ? "peerId is given" : "no peerId"})`, () =>
          sidesOf(kind, async (ada, bob) => {
            const options = { session: { storage: "tab" }, ...(!named && { peerId: undefined }) };
            await start(ada);
            await start(bob, options);
            const id = await bob.page.evaluate("client.peerId");
            assert.equal(id === bob.id, named);
            // The browser does this when it duplicates a tab: it copies the session storage.
            const stored = await bob.page.evaluate("Object.entries(sessionStorage)");
            assert.ok(stored.length > 0, "something is kept");
            const second = { ...bob, page: await bob.page.newTab(address(bob)) };
            try {
              await second.page.evaluate((stored) => {
                for (const [name, value] of stored) sessionStorage.setItem(name, value);
              }, stored);
              await start(second, { ...options, connect: false });
              const { code } = await outcome(second.page, "() => client.connect()");
              assert.equal(code, named ? "peer-id-taken" : undefined);
              if (!named) {
                const own = await second.page.evaluate("client.peerId");
                assert.notEqual(own, id);
                assert.deepEqual(await send(ada, own, ["to the second"]), ["sent"]);
                await receives(second, ada, ["to the second"]);
              }
              assert.deepEqual(await send(ada, id, ["to the first"]), ["sent"]);
              await receives(bob, ada, ["to the first"]);
            } finally {
              await second.page.close();
            }
            assert.deepEqual(await bob.page.evaluate("[client.state, told('resume').length, told('state').length]"), ["connected", 0, 2]);
            // The storage of the first tab is still its own: it has its id again after a reload.
            await bob.page.goto(address(bob));
            await start(bob, options);
            assert.equal(await bob.page.evaluate("client.peerId"), id);
          }));
      }
    });
  }
});
