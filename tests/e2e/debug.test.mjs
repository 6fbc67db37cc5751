// The option `debug`, and what an error tells of the time to wait.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, loadModule } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

for (const kind of ["chromium", "firefox"]) {
  describe(`debug in ${kind}`, () => {
    test("hears every step in its order, no secret, and harms nobody when it throws", () =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        await loadModule(page);
        const { entries, key, state } = await page.evaluate(async (peerId) => {
          const entries = [];
          addEventListener("error", (event) => event.preventDefault());
          const debug = (entry) => {
            entries.push(entry);
            throw new Error("of the application");
          };
          const client = new signalpostModule.SignalingClient("/signal", { peerId, debug, session: { storage: "tab" } });
          await client.connect();
          const room = await client.join("debug");
          await room.broadcast("words that nobody else reads");
          const key = sessionStorage.getItem(Object.keys(sessionStorage)[0]);
          client.peer("nobody");
          const state = client.state;
          client.close();
          return { entries, key: JSON.parse(key)[1], state };
        }, `debugged-${kind}`);
        assert.equal(state, "connected");
        const steps = entries.filter(({ action }) => action !== "timer").map(({ action, detail }) => `${action} ${detail}`.trim());
        const expected = [
          "event state",
          "open-socket",
          "send hello",
          "event key",
          "send join",
          "send broadcast",
          "create-connection nobody",
        ];
        assert.deepEqual(
          expected.filter((step) => !steps.includes(step)),
          [],
          steps.join(", "),
        );
        assert.ok(steps.indexOf("send hello") < steps.indexOf("send join") && steps.at(-1) !== "send hello");
        assert.ok(entries.some(({ action, detail }) => action === "timer" && /^[a-z-]+ in \d+ ms$/.test(detail)));
        const times = entries.map(({ timeMs }) => timeMs);
        assert.deepEqual(times, times.toSorted?.((a, b) => a - b) ?? [...times].sort((a, b) => a - b));
        const all = JSON.stringify(entries);
        assert.ok(key.length >= 16 && !all.includes(key) && !all.includes("nobody else reads"));
      }));

    test("rate-limited says in how many milliseconds the call can succeed", () =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        await loadModule(page);
        const [refused, again] = await page.evaluate(async (peerId) => {
          const client = new signalpostModule.SignalingClient("/signal", { peerId });
          await client.connect();
          const room = await client.join("limited");
          let refused;
          for (let sent = 0; sent < 60 && !refused; sent += 1) await room.broadcast(sent).catch((error) => (refused = error));
          const waited = refused.context.retryAfterMs;
          await new Promise((done) => setTimeout(done, waited));
          const again = await room.broadcast("again").then(
            () => "sent",
            ({ code }) => code,
          );
          client.close();
          return [{ code: refused.code, retryable: refused.retryable, waited }, again];
        }, `limited-${kind}`);
        assert.deepEqual([refused.code, refused.retryable], ["rate-limited", true]);
        assert.ok(refused.waited >= 1 && refused.waited <= 50, `${refused.waited} ms`);
        assert.equal(again, "sent");
      }));
  });
}
