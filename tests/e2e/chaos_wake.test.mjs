// A socket that says OPEN and is dead, hidden tabs, and the events that bring a link back, or do not.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { launchDrivenChromium, launchFirefox } from "../harness/browsers.mjs";
import { makeNamespace } from "../harness/namespace.mjs";
import { startServer } from "../harness/server.mjs";
import { address, assertUntouched, connectPeers, flows, links, receives, resumes, send, start, withSides } from "./support/chaos.mjs";

const HIDDEN_MS = 60_000;
/** A probe has 2 s; without a probe, the client finds the dead link 6 s later at the earliest. */
const MOST_MS = 3500;
/** Shorter than the silence after which the client asks for a sign of life. */
const SLEEP_MS = 7_000;

const WAKE_UPS = {
  online: `dispatchEvent(new Event("online"))`,
  visibilitychange: `document.dispatchEvent(new Event("visibilitychange"))`,
  pageshow: `dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))`,
};

let world;
before(async () => {
  const namespace = await makeNamespace();
  world = { namespace, server: await startServer(namespace) };
  // Two of each, and one more with the hidden tabs. The test does not drive this one meanwhile, because a tab that is driven comes to the front.
  const three = (launch) => Promise.all([launch(namespace), launch(namespace), launch(namespace)]);
  world.chromium = await three(launchDrivenChromium);
  world.firefox = await three(launchFirefox);
});
after(async () => {
  await Promise.allSettled([...(world?.chromium ?? []), ...(world?.firefox ?? [])].map((browser) => browser.close()));
  await world?.server.stop("SIGKILL").catch(() => {});
  world?.namespace.remove();
});

const KINDS = ["chromium", "firefox"];

/** In a page: records when it woke. */
const wake = ({ page }, how) => page.evaluate(`(${WAKE_UPS[how]}, Date.now())`);
const when = ({ page }, round) => page.evaluate(`told("resume")[${round - 1}].at`);

/** Returns the longest time for which the page was hidden, and when it was shown again. */
const hidden = ({ page }) =>
  page.evaluate(() => {
    const spans = told("visibilitychange").map(({ state, at }, place, all) => {
      const shown = all[place + 1]?.at;
      return { ms: state === "hidden" && shown ? shown - at : 0, shown };
    });
    return spans.reduce((longest, span) => (span.ms > longest.ms ? span : longest));
  });

// All run side by side, because the tests mostly wait.
describe("waking up", { concurrency: 3 }, () => {
  for (const kind of KINDS) {
    describe(kind, { concurrency: 1 }, () => {
      test("a half-open socket is asked on each wake-up, and replaced", (t) =>
        withSides(world, world[kind].slice(0, 2), async (ada, bob) => {
          for (const side of [ada, bob]) await start(side);
          await connectPeers(ada, bob);
          for (const [at, how] of Object.keys(WAKE_UPS).entries()) {
            const round = at + 1;
            // The proxy holds the server's frames, and they come when nobody listens to that socket any more.
            await ada.faults.act({ freeze: "hold" });
            const sent = send(bob, ada.id, [how]);
            const woke = await wake(ada, how);
            assert.deepEqual(await resumes(ada, round), Array(round).fill(true));
            const took = (await when(ada, round)) - woke;
            t.diagnostic(`${how}: ${took} ms`);
            assert.ok(took < MOST_MS, `${how}: ${took} ms`);
            assert.equal(await links(ada), round + 1);
            await receives(ada, bob, Object.keys(WAKE_UPS).slice(0, round));
            assert.deepEqual(await sent, ["sent"]);
            await ada.faults.act({ thaw: true, link: round - 1 });
            await sleep(300);
            assert.deepEqual(
              await ada.page.evaluate("[client.state, told('resume').length]"),
              ["connected", round],
              "late events of the old socket",
            );
          }
          await receives(ada, bob, Object.keys(WAKE_UPS));
          // The client asks a working link, and keeps it.
          for (const how of Object.keys(WAKE_UPS)) await wake(ada, how);
          await sleep(2500);
          assert.equal(await links(ada), Object.keys(WAKE_UPS).length + 1);
          await flows(ada, bob, "afterwards");
          await assertUntouched(ada, bob);
        }));

      test("a machine that slept while its socket died has another one at once", (t) =>
        withSides(world, world[kind].slice(0, 2), async (ada, bob) => {
          for (const side of [ada, bob]) await start(side);
          await ada.faults.act({ freeze: "sink" });
          const sent = send(bob, ada.id, ["good night"]);
          const woke = await ada.page.browser.sleep(SLEEP_MS);
          assert.deepEqual(await resumes(ada, 1), [true]);
          const took = (await when(ada, 1)) - woke;
          t.diagnostic(`${took} ms`);
          assert.ok(took < MOST_MS, `${took} ms`);
          assert.deepEqual(await sent, ["sent"]);
          await receives(ada, bob, ["good night"]);
        }));

      test("close() is the end, whatever wakes the page", () =>
        withSides(world, world[kind].slice(0, 2), async (ada, bob) => {
          for (const side of [ada, bob]) await start(side);
          await bob.faults.act({ gate: "reset", cut: "reset" });
          await bob.page.waitFor("client.state === 'reconnecting'");
          for (const side of [ada, bob]) await side.page.evaluate("client.close()");
          await bob.faults.act({ gate: "open" });
          const before = await Promise.all([links(ada), links(bob)]);
          for (const side of [ada, bob]) {
            for (const how of ["online", "visibilitychange", "pageshow", "online"]) await wake(side, how);
          }
          await sleep(1500);
          assert.deepEqual(await Promise.all([links(ada), links(bob)]), before);
          for (const { page } of [ada, bob]) assert.deepEqual(await page.evaluate("[client.state, told('resume').length]"), ["closed", 0]);
          assert.deepEqual((await ada.faults.linked({ ended: 1 })).length, 1);
        }));
    });
  }

  test(`tabs that are hidden for ${HIDDEN_MS / 1000} s, with a link that is well and one that dies meanwhile`, async (t) => {
    const story = (kind) =>
      withSides(world, [world[kind][2], world[kind][2]], async (ada, bob) => {
        for (const side of [ada, bob]) await start(side);
        await connectPeers(ada, bob);
        // This tab is in front of both.
        const front = await bob.page.newTab(address(bob));
        try {
          assert.equal(await front.evaluate("document.visibilityState"), "visible");
          const hiddenAt = Date.now();
          await sleep(5000);
          // Bob's wire dies without a sign; new ones work.
          await bob.faults.act({ freeze: "sink" });
          const froze = Date.now();
          await sleep(HIDDEN_MS - (Date.now() - hiddenAt));
          // The client replaced it long before anybody shows the tab.
          const seen = await bob.faults.links();
          t.diagnostic(`${kind}: a hidden tab replaced its dead link after ${seen[1]?.at - froze} ms`);
          assert.equal(seen.length, 2, "the tab noticed by itself");
          assert.ok(seen[1].at - froze < 20_000);
          assert.equal(await links(ada), 1, "a link that is well is left alone");
          // Once more: now the client finds it when the tab is shown.
          await bob.faults.act({ freeze: "sink" });
          await bob.page.evaluate("document.visibilityState");
          await resumes(bob, 2);
          const [ofBob, ofAda] = [await hidden(bob), await hidden(ada)];
          for (const { ms } of [ofBob, ofAda]) assert.ok(ms >= HIDDEN_MS, `it was hidden for ${ms} ms`);
          const took = (await when(bob, 2)) - ofBob.shown;
          t.diagnostic(`${kind}: shown with a dead link: ${took} ms`);
          assert.ok(took < MOST_MS, `${took} ms`);
          assert.deepEqual(await resumes(bob, 2), [true, true]);
          assert.deepEqual(await Promise.all([send(ada, bob.id, [1, 2]), send(bob, ada.id, [3])]), [["sent", "sent"], ["sent"]]);
          await receives(bob, ada, [1, 2]);
          await receives(ada, bob, [3]);
          await flows(ada, bob, "afterwards");
          await assertUntouched(ada, bob);
        } finally {
          await front.close();
        }
      });
    // All share the waiting time.
    const ends = await Promise.allSettled(KINDS.map(story));
    for (const { reason } of ends) if (reason) throw reason;
  });
});
