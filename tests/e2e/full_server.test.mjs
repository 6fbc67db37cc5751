// A server that is full of sessions, in both browsers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, loadModule, outcome } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
// One socket at a time, which means two sessions.
before(async () => (world = await makeWorld(["chromium", "firefox"], { serverArgs: ["--max-connections", "1", "--resume-window", "3"] })));
after(() => world?.close());

for (const kind of ["chromium", "firefox"]) {
  describe(`a full server, seen from ${kind}`, () => {
    test("server-full: a newcomer is refused at once, and is taken when a session has ended", () =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        await loadModule(page);
        // Clients that say `hello` and vanish: their sessions wait for them.
        await page.evaluate(async (kind) => {
          for (const id of [`${kind}-1`, `${kind}-2`]) {
            const socket = new WebSocket("/signal");
            await new Promise((done) => (socket.onopen = done));
            const welcomed = new Promise((done) => (socket.onmessage = done));
            socket.send(JSON.stringify({ type: "hello", payload: { versions: [2, 2], key: "k".repeat(32), peer: { id, session: 1 } } }));
            await welcomed;
            const closed = new Promise((done) => (socket.onclose = done));
            socket.close(4999);
            await closed;
          }
        }, kind);
        const connect = () => {
          window.client = new signalpostModule.SignalingClient("/signal");
          return client.connect().then(() => client.state);
        };
        const refused = await outcome(page, connect);
        assert.deepEqual([refused.code, refused.retryable], ["server-full", true], JSON.stringify(refused));
        assert.ok(refused.ms < 3000, `after ${refused.ms} ms`);
        // Their resume windows are over.
        await new Promise((done) => setTimeout(done, 4000));
        assert.equal((await outcome(page, connect)).value, "connected");
        await page.evaluate("client.close()");
      }));
  });
}
