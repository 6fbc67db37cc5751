// The effects of page and network on the link: frozen, in the back/forward cache, offline, a clock that jumps; seen from both ends.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { launchDrivenChromium, launchFirefox } from "../harness/browsers.mjs";
import { makeNamespace } from "../harness/namespace.mjs";
import { startServer } from "../harness/server.mjs";
import { heardOf, join, links, passed, receives, resumes, send, start, withSides } from "./support/chaos.mjs";
import { inject } from "./support/pages.mjs";

const KINDS = ["chromium", "firefox"];

let world;
before(async () => {
  const namespace = await makeNamespace();
  world = { namespace, server: await startServer(namespace) };
  world.chromium = await Promise.all([launchDrivenChromium(namespace), launchDrivenChromium(namespace)]);
  world.firefox = await Promise.all([launchFirefox(namespace), launchFirefox(namespace)]);
});
after(async () => {
  await Promise.allSettled([...(world?.chromium ?? []), ...(world?.firefox ?? [])].map((browser) => browser.close()));
  await world?.server.stop("SIGKILL").catch(() => {});
  world?.namespace.remove();
});

/** Brings both into a room; Ada observes. */
async function inRoom(ada, bob, options) {
  const room = `room-${ada.id}`;
  await start(ada);
  await join(ada, room);
  await start(bob, options);
  await join(bob, room);
  assert.deepEqual(await heardOf(ada, bob.id, 1), ["peerjoin"]);
}

const states = ({ page }) => page.evaluate(() => told("state").map(({ state, reason }) => (reason ? `${state} ${reason}` : state)));
const happens = ({ page }, name, target = "document") => page.evaluate(`void ${target}.dispatchEvent(new Event("${name}"))`);

for (const kind of KINDS) {
  describe(kind, () => {
    test('with background "release" a frozen page is away, and misses nothing', () =>
      withSides(world, world[kind], async (ada, bob) => {
        await inRoom(ada, bob, { background: "release" });
        await happens(bob, "freeze");
        assert.deepEqual(await heardOf(ada, bob.id, 2), ["peerjoin", "peeraway suspended"]);
        const sent = send(ada, bob.id, [1, 2]);
        for (const name of ["offline", "online"]) await happens(bob, name, "window");
        await sleep(1500);
        assert.equal(await links(bob), 1, "nothing is tried");
        await happens(bob, "resume");
        assert.deepEqual(await sent, ["sent", "sent"]);
        await receives(bob, ada, [1, 2]);
        assert.deepEqual(await resumes(bob, 1), [true]);
        assert.deepEqual(await states(bob), ["connecting", "connected", "reconnecting suspended", "connected"]);
        assert.deepEqual(await heardOf(ada, bob.id, 3), ["peerjoin", "peeraway suspended", "peerback"]);
      }));

    test("without it a frozen page keeps its socket, and asks it afterwards", () =>
      withSides(world, world[kind], async (ada, bob) => {
        await inRoom(ada, bob);
        await happens(bob, "freeze");
        await happens(bob, "resume");
        await sleep(1000);
        assert.equal((await passed(bob, "heartbeat", "up")).length, 1);
        assert.equal(await links(bob), 1);
        assert.deepEqual(await states(bob), ["connecting", "connected"]);
        assert.deepEqual(await heardOf(ada, bob.id, 1), ["peerjoin"]);
      }));

    test("offline is told, believed for a moment only, and nothing is lost", () =>
      withSides(world, world[kind], async (ada, bob) => {
        await inRoom(ada, bob);
        await happens(bob, "offline", "window");
        const sent = send(ada, bob.id, ["there?"]);
        // The event was wrong: the network is there.
        assert.deepEqual(await resumes(bob, 1), [true]);
        assert.deepEqual(await states(bob), ["connecting", "connected", "reconnecting offline", "connected"]);
        assert.deepEqual(await sent, ["sent"]);
        await receives(bob, ada, ["there?"]);
        await happens(bob, "offline", "window");
        await happens(bob, "online", "window");
        assert.deepEqual(await resumes(bob, 2), [true, true]);
        assert.equal(await links(bob), 3);
      }));

    test("a jump of the wall clock asks the socket, in either direction", () =>
      withSides(world, world[kind].slice(0, 1), async (ada) => {
        await start(ada);
        await inject(ada.page, "window.realNow = Date.now");
        for (const [at, by] of [3_600_000, -3_600_000, 1000].entries()) {
          await inject(ada.page, `Date.now = () => realNow() + ${by}`);
          // No other event comes: a visible page asks by itself.
          assert.equal(await ada.page.evaluate("document.visibilityState"), "visible");
          await sleep(2500);
          assert.equal((await passed(ada, "heartbeat", "up")).length, Math.min(at, 2) + 1, `${by}`);
        }
        assert.equal(await links(ada), 1);
      }));
  });
}

/** Goes to another page and back, in one tab. Returns whether it is the same page, from the back/forward cache. */
async function thereAndBack({ page, faults }, meanwhile) {
  await page.evaluate("void (window.isSame = true)");
  await page.goto(`${faults.origin}/readyz`);
  await meanwhile();
  await page.evaluate("void setTimeout(() => history.back())");
  await page.waitFor("location.pathname === '/livez' && document.readyState === 'complete'", null, { what: "the page before" });
  return page.evaluate("window.isSame === true");
}

describe("the back/forward cache of Chromium", () => {
  test('with background "release" the session goes on', () =>
    withSides(world, world.chromium, async (ada, bob) => {
      await inRoom(ada, bob, { background: "release" });
      let sent;
      const isSame = await thereAndBack(bob, async () => {
        assert.deepEqual(await heardOf(ada, bob.id, 2), ["peerjoin", "peeraway suspended"]);
        sent = send(ada, bob.id, ["meanwhile"]);
        assert.deepEqual(await sent, ["sent"]);
      });
      assert.equal(isSame, true);
      assert.deepEqual(await resumes(bob, 1), [true]);
      await receives(bob, ada, ["meanwhile"]);
      assert.deepEqual(await heardOf(ada, bob.id, 3), ["peerjoin", "peeraway suspended", "peerback"]);
    }));

  test("without it the page has left at once, and comes back as a new session, in its room", () =>
    withSides(world, world.chromium, async (ada, bob) => {
      await inRoom(ada, bob);
      const isSame = await thereAndBack(bob, async () => {
        assert.deepEqual(await heardOf(ada, bob.id, 2), ["peerjoin", "peerleave closed"]);
      });
      assert.equal(isSame, true);
      assert.deepEqual(await resumes(bob, 1), ["session-expired"]);
      assert.deepEqual(await heardOf(ada, bob.id, 3), ["peerjoin", "peerleave closed", "peerjoin"]);
      assert.deepEqual(await bob.page.evaluate("room.peers.map(({ id }) => id)"), [ada.id]);
    }));
});
