// Why a client cannot reach its server: an attempt that can never work fails at once, and an error that may pass is retryable.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, inject, loadModule, outcome } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

const KINDS = ["chromium", "firefox"];

let world;
before(async () => (world = await makeWorld(KINDS)));
after(() => world?.close());

const pageOf = (kind, body) =>
  withPages(world.pick(kind), [blank(world.server)], async (page) => {
    await loadModule(page);
    return body(page);
  });

/** Returns how a client's first `connect()` ends; `options` is source text, `told` are its events. */
const connect = (page, url, options = "{}", call = "{ timeoutMs: 4000 }") =>
  page
    .evaluate(`() => {
      window.told = [];
      window.client = new signalpostModule.SignalingClient(${JSON.stringify(url)}, ${options});
      client.addEventListener("statechange", ({ state, reason }) => told.push(reason ? state + " " + reason : state));
      client.addEventListener("error", ({ error }) => told.push("error " + error.code));
    }`)
    .then(() => outcome(page, `() => client.connect(${call})`))
    .then(async (ended) => ({ ...ended, told: await page.evaluate("told") }));

/** Adds a policy that allows connections to the page's own origin only. */
const forbid = (page) =>
  inject(
    page,
    `{
    const policy = document.createElement("meta");
    policy.httpEquiv = "Content-Security-Policy";
    policy.content = "connect-src 'self'";
    document.head.append(policy);
  }`,
  );

for (const kind of KINDS) {
  describe(kind, () => {
    test("a policy of the page that forbids the server is told at once", () =>
      pageOf(kind, async (page) => {
        await forbid(page);
        const url = `ws://127.0.0.1:${world.server.port}/signal?token=1`;
        for (const round of [1, 2]) {
          const { code, retryable, context, ms, told } = await connect(page, url);
          assert.deepEqual([code, retryable], ["socket-unavailable", false], `${round}: ${JSON.stringify(context)}`);
          assert.match(context.detail, kind === "firefox" ? /CONTENT_BLOCKED/ : /Content-Security-Policy forbids ws:.* \(connect-src\)/);
          assert.ok(ms < 3000, `${ms} ms`);
          assert.deepEqual(told, ["connecting", "idle socket-unavailable"]);
          assert.equal(await page.evaluate("client.state"), "idle");
        }
      }));

    test("what a transport throws is told at once, and is the cause", () =>
      pageOf(kind, async (page) => {
        for (const thrown of ['new DOMException("not here", "SecurityError")', 'new TypeError("no")']) {
          const { code, retryable, context, ms, told } = await connect(
            page,
            "/signal",
            `{ transport: () => { throw (window.thrown = ${thrown}); } }`,
          );
          assert.deepEqual([code, retryable], ["socket-unavailable", false]);
          assert.match(context.detail, /SecurityError: .*not here|TypeError: no/);
          assert.ok(ms < 3000, `${ms} ms`);
          assert.deepEqual(told, ["connecting", "idle socket-unavailable"]);
          assert.equal(await page.evaluate("client.connect().catch(({ cause }) => cause === thrown)"), true);
        }
      }));

    test("nobody who listens, and a path that is none, are a server that is not reached", () =>
      pageOf(kind, async (page) => {
        for (const url of ["ws://127.0.0.1:9/signal", `${world.server.origin}/nothing-here`]) {
          const { code, retryable, context, told } = await connect(page, url);
          assert.deepEqual([code, retryable], ["server-unreachable", true]);
          assert.equal(context.detail, "the socket closed with 1006 before it opened");
          assert.deepEqual(told, ["connecting", "idle server-unreachable"]);
        }
        const tried = await connect(page, "ws://127.0.0.1:9/signal", "{ reconnect: { maxAttempts: 1 } }");
        assert.deepEqual([tried.code, tried.context.detail], ["server-unreachable", "the socket closed with 1006 before it opened"]);
      }));
  });
}
