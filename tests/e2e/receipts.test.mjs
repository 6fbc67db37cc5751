// `send(data, { receipt: true })`, and the events of a client when its link is back. In both browsers, against a real server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { equipLink } from "./support/link.mjs";
import { blank, loadModule, outcome } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

let names = 0;

/** Opens Ada's page first, then Bob's, which records its messages. */
const both = (kinds, body) =>
  withPages(world.pick(...kinds), [blank(world.server)], async (ada, bob) => {
    const ids = ["ada", "bob"].map((name) => `${name}-receipt-${++names}`);
    for (const [at, page] of [ada, bob].entries()) {
      await loadModule(page);
      await equipLink(page);
      await page.evaluate(async (peerId) => {
        await start({ peerId });
        window.got = [];
        window.resumes = [];
        client.addEventListener("message", ({ data }) => got.push(data));
        client.addEventListener("resume", ({ resumed, reason }) => resumes.push({ resumed, reason }));
      }, ids[at]);
    }
    await ada.evaluate((bob) => {
      window.peer = client.peer(bob);
      /** Sends a message; its result will be in `window.came`, by the data. */
      window.came = {};
      window.send = (data, options) =>
        void peer.send(data, options).then(
          () => (came[data] = "done"),
          ({ code }) => (came[data] = code),
        );
    }, ids[1]);
    await body(ada, bob, ids);
  });

for (const kinds of [
  ["chromium", "firefox"],
  ["firefox", "chromium"],
]) {
  describe(`a receipt, from ${kinds[0]} to ${kinds[1]}`, () => {
    test("is there when the other side has the message, and not before", () =>
      both(kinds, async (ada, bob) => {
        await ada.evaluate("send('first', { receipt: true })");
        await ada.waitFor("came.first === 'done'");
        assert.deepEqual(await bob.evaluate("got"), ["first"]);
        await bob.evaluate("void (window.isMute = true)");
        await ada.evaluate("(send('second', { receipt: true }), send('third', { receipt: false }), send('fourth'))");
        await ada.waitFor("came.third === 'done' && came.fourth === 'done'");
        // Both are in Bob's queue at the server, and so is the second.
        await new Promise((done) => setTimeout(done, 700));
        assert.deepEqual(await ada.evaluate("came"), { first: "done", third: "done", fourth: "done" });
        assert.deepEqual(await bob.evaluate("got"), ["first"]);
        await bob.evaluate("(window.isMute = false, cut())");
        await ada.waitFor("came.second === 'done'");
        assert.deepEqual(await bob.evaluate("got"), ["first", "second", "third", "fourth"], "once, and in order");
        assert.deepEqual(await bob.evaluate("resumes"), [{ resumed: true, reason: "" }]);
      }));

    test("comes over a link that is lost and back", () =>
      both(kinds, async (ada, bob) => {
        // Neither the message nor the server's answer comes through.
        await ada.evaluate("(window.isMute = true, send('lost on the way', { receipt: true }), cut(), window.isMute = false)");
        await ada.waitFor("came['lost on the way'] === 'done'");
        assert.deepEqual(await bob.evaluate("got"), ["lost on the way"]);
        assert.deepEqual(await ada.evaluate("[resumes, heard]"), [
          [{ resumed: true, reason: "" }],
          ["connecting", "connected", "reconnecting link-lost", "connected"],
        ]);
      }));

    test("never comes from who is gone: the promise says so", () =>
      both(kinds, async (ada, bob) => {
        await bob.evaluate("void (window.isMute = true)");
        await ada.evaluate("(send('queued'), send('unread', { receipt: true }))");
        await ada.waitFor("came.queued === 'done'");
        await bob.evaluate("(window.isMute = false, window.rewrite = (frame) => ({ ...frame, ack: undefined }), client.close())");
        await ada.waitFor("came.unread !== undefined");
        assert.equal(await ada.evaluate("came.unread"), "peer-not-found");
      }));

    test("is asked for by true or false", () =>
      both(kinds, async (ada) => {
        for (const [options, detail] of [
          ["null", "options is null, allowed is an object"],
          ["{ receipt: 'yes' }", 'receipt is "yes", allowed is false or true'],
          ["{ receipt: null }", "receipt is null, allowed is false or true"],
        ]) {
          const refused = await outcome(ada, `() => peer.send(1, ${options})`);
          assert.deepEqual([refused.code, refused.context?.detail], ["invalid-argument", detail]);
        }
      }));
  });

  describe(`a link that is back, in ${kinds[0]}`, () => {
    test("sequence-gap: what is missing is noticed, and sent again in its place", () =>
      both(kinds, async (ada, bob, [adaId]) => {
        const say = (data) => bob.evaluate(({ to, data }) => client.peer(to).send(data), { to: adaId, data });
        await say("first");
        await ada.waitFor("got.length === 1");
        await ada.evaluate("void (window.isMute = true)");
        await say("missing");
        await new Promise((done) => setTimeout(done, 200));
        await ada.evaluate("void (window.isMute = false)");
        await say("next");
        await ada.waitFor("got.length === 3");
        assert.deepEqual(await ada.evaluate("[got, resumes, heard]"), [
          ["first", "missing", "next"],
          [{ resumed: true, reason: "" }],
          ["connecting", "connected", "reconnecting sequence-gap", "connected"],
        ]);
      }));

    test("tells why the session is a new one, and nothing is sent twice", () =>
      both(kinds, async (ada, bob) => {
        await ada.evaluate(() => {
          window.rewrite = (frame) => (frame.type === "hello" ? { ...frame, payload: { ...frame.payload, received: 1_000_000 } } : frame);
          send("before");
        });
        await ada.waitFor("came.before === 'done'");
        await ada.evaluate("(window.isMute = true, send('lost', { receipt: true }), cut(), window.isMute = false)");
        await ada.waitFor("resumes.length === 1 && came.lost !== undefined");
        assert.deepEqual(await ada.evaluate("[resumes, came]"), [
          [{ resumed: false, reason: "position-lost" }],
          { before: "done", lost: "link-lost" },
        ]);
        await ada.evaluate("send('after', { receipt: true })");
        await ada.waitFor("came.after === 'done'");
        assert.deepEqual(await bob.evaluate("got"), ["before", "after"]);
      }));
  });
}
