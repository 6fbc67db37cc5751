// Pages that the user leaves, and pages that only seem to be left: Firefox closes the sockets of both with 1001.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchDrivenChromium, launchFirefox } from "../harness/browsers.mjs";
import { makeNamespace } from "../harness/namespace.mjs";
import { startServer } from "../harness/server.mjs";
import { heardOf, join, meanwhile, passed, receives, send, start, withSides } from "./support/chaos.mjs";
import { startElsewhere } from "./support/elsewhere.mjs";

const KINDS = ["chromium", "firefox"];

let world;
before(async () => {
  const namespace = await makeNamespace();
  world = { namespace, server: await startServer(namespace), elsewhere: await startElsewhere(namespace) };
  world.chromium = await Promise.all([launchDrivenChromium(namespace), launchDrivenChromium(namespace)]);
  world.firefox = await Promise.all([launchFirefox(namespace), launchFirefox(namespace)]);
});
after(async () => {
  await Promise.allSettled([...(world?.chromium ?? []), ...(world?.firefox ?? [])].map((browser) => browser.close()));
  world?.elsewhere.close();
  await world?.server.stop("SIGKILL").catch(() => {});
  world?.namespace.remove();
});

/** Brings both into a room; Ada observes. */
async function inRoom(ada, bob) {
  const room = `room-${ada.id}`;
  await start(ada);
  await join(ada, room);
  await start(bob);
  await join(bob, room);
  assert.deepEqual(await heardOf(ada, bob.id, 1), ["peerjoin"]);
}

/** Returns Ada's events about Bob since he came. */
const sinceThen = async (ada, bob) => (await heardOf(ada, bob.id, 1)).slice(1);

/** Follows a link in the page, as a click does. */
const follow = ({ page }, path) =>
  page.evaluate((url) => {
    const link = Object.assign(document.createElement("a"), { href: url });
    document.documentElement.append(link);
    setTimeout(() => link.click());
  }, world.elsewhere.origin + path);

const submit = ({ page }, path) =>
  page.evaluate((url) => {
    const form = Object.assign(document.createElement("form"), { action: url, method: "post" });
    document.documentElement.append(form);
    setTimeout(() => form.submit());
  }, world.elsewhere.origin + path);

const stop = ({ page }) => page.evaluate("void setTimeout(() => window.stop())");

const STAYS = {
  "a link to an attachment": (bob) => follow(bob, "/attachment"),
  "a link that is answered by 204": (bob) => follow(bob, "/nothing"),
  "a form that is answered by 204": (bob) => submit(bob, "/nothing"),
  "window.stop()": stop,
};

const GOES = {
  "a link to another page": (bob) => follow(bob, "/page"),
  "a reload": ({ page }) => page.evaluate("void setTimeout(() => location.reload())"),
  "a tab that is closed": async ({ page }) => {
    await page.newTab(`${world.elsewhere.origin}/page`);
    await page.close();
  },
};

for (const kind of KINDS) {
  describe(kind, () => {
    for (const [name, act] of Object.entries(STAYS)) {
      test(`${name}: the page stays, and its session goes on`, () =>
        withSides(world, world[kind], async (ada, bob) => {
          await inRoom(ada, bob);
          await act(bob);
          // Firefox closes the socket, Chromium does not.
          if (kind === "firefox") await bob.page.waitFor("told('resume').length === 1", null, { what: "the link to come back" });
          assert.deepEqual(await send(ada, bob.id, [1, 2], { receipt: true }), ["sent", "sent"]);
          assert.deepEqual(await send(bob, ada.id, [3], { receipt: true }), ["sent"]);
          await receives(bob, ada, [1, 2]);
          // Longer than the time that a page has to come back.
          await meanwhile(ada, () => new Promise((done) => setTimeout(() => done(true), 2500)));
          assert.deepEqual(await sinceThen(ada, bob), kind === "firefox" ? ["peeraway lost", "peerback"] : []);
          assert.deepEqual(await bob.page.evaluate("told('resume').map(({ resumed }) => resumed)"), kind === "firefox" ? [true] : []);
        }));
    }

    for (const [name, act] of Object.entries(GOES)) {
      test(`${name}: the page is left, and others hear so within 2 s`, () =>
        withSides(world, world[kind], async (ada, bob) => {
          await inRoom(ada, bob);
          const began = Date.now();
          await act(bob);
          const [last] = await ada.page.waitFor(
            `people.some(({ what, id }) => what === "peerleave" && id === "${bob.id}") && people.slice(-1)`,
            null,
            { timeoutMs: 5000, what: "the leave" },
          );
          assert.deepEqual([last.what, last.reason], ["peerleave", "closed"]);
          // Closing a tab takes the driver some time itself.
          const left = (await passed(bob, "leaving", "up")).concat(await passed(bob, "bye", "up")).map(({ at }) => at);
          assert.ok(last.at - Math.max(...left, began) < 2000, `${last.at - began} ms after it began, ${left.map((at) => at - began)}`);
        }));
    }

    test("a page that is slow to go is there until it goes", () =>
      withSides(world, world[kind], async (ada, bob) => {
        await inRoom(ada, bob);
        await follow(bob, "/slow");
        await ada.page.waitFor(`people.some(({ what, id }) => what === "peerleave" && id === "${bob.id}")`, null, {
          timeoutMs: 5000,
          what: "the leave",
        });
        const heard = await sinceThen(ada, bob);
        if (kind === "chromium") return assert.deepEqual(heard, ["peerleave closed"]);
        // Firefox closes the first socket when the navigation begins. What the page sends in `pagehide` over the second one gets lost now and then; then
        // the `leaving` that was said on it ends the session 1.5 s after the socket.
        const [away, back, ...ends] = heard;
        assert.deepEqual([away, back, ends.at(-1)], ["peeraway lost", "peerback", "peerleave closed"]);
        const byes = await passed(bob, "bye", "up");
        assert.deepEqual(ends.slice(0, -1), byes.length > 0 ? [] : ["peeraway lost"]);
      }));
  });
}

describe("Firefox", () => {
  test("eight stops during a stream of messages lose nothing, and nobody hears an end", () =>
    withSides(world, world.firefox, async (ada, bob) => {
      await inRoom(ada, bob);
      const count = 90;
      const stream = meanwhile(
        bob,
        async ({ to, count }) => {
          const target = client.peer(to);
          const ends = [];
          for (let at = 0; at < count; at += 1) {
            ends.push(
              target.send(at, { receipt: true }).then(
                () => "ok",
                ({ code }) => code,
              ),
            );
            if (at % 10 === 5) setTimeout(() => window.stop());
            await new Promise((done) => setTimeout(done, 60));
          }
          return (await Promise.all(ends)).filter((end) => end !== "ok").concat("done");
        },
        { to: ada.id, count },
      );
      assert.deepEqual(await stream, ["done"]);
      await receives(
        ada,
        bob,
        Array.from({ length: count }, (_, at) => at),
      );
      const resumed = await bob.page.evaluate("told('resume').map(({ resumed }) => resumed)");
      assert.ok(resumed.length >= 8 && resumed.every(Boolean), JSON.stringify(resumed));
      const heard = new Set(await sinceThen(ada, bob));
      assert.deepEqual(heard, new Set(["peeraway lost", "peerback"]));
    }));

  test("the page's word goes out before its socket is closed", () =>
    withSides(world, world.firefox, async (ada, bob) => {
      await inRoom(ada, bob);
      await follow(bob, "/attachment");
      const [word] = await bob.faults.passed({ type: "leaving", direction: "up" });
      assert.equal(word.link, 0);
      await bob.faults.linked({ ended: 1 });
    }));
});
