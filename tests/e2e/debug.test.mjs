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
        const { entries, key, state, reported, times } = await page.evaluate(async (peerId) => {
          const entries = [];
          let reported = 0;
          addEventListener("error", (event) => {
            event.preventDefault();
            if (event.message.includes("of the application")) reported += 1;
          });
          const debug = (entry) => {
            entries.push(entry);
            throw new Error("of the application");
          };
          const times = [performance.now()];
          const client = new signalpostModule.SignalingClient("/signal", { peerId, debug, session: { storage: "tab" } });
          await client.connect();
          const room = await client.join("debug");
          await room.broadcast("words that nobody else reads");
          const key = sessionStorage.getItem(Object.keys(sessionStorage)[0]);
          client.peer("nobody");
          const state = client.state;
          client.close();
          times.push(performance.now());
          // Microtasks report what was thrown.
          await new Promise((done) => setTimeout(done));
          return { entries, key: JSON.parse(key)[1], state, reported, times };
        }, `debugged-${kind}`);
        assert.equal(state, "connected");
        assert.equal(reported, entries.length, "what the application throws is reported, each time");
        const steps = entries.filter(({ action }) => action !== "timer");
        const told = steps.map(({ action, detail }) => `${action} ${detail}`.trim());
        let at = -1;
        for (const step of [
          "event state",
          "open-socket",
          "send hello",
          "event key",
          "send join",
          "settle ok",
          "send broadcast",
          "settle ok",
          "create-connection nobody",
          "send bye",
          "close-socket 1000",
        ]) {
          at = told.indexOf(step, at + 1);
          assert.notEqual(at, -1, `${step} in ${told.join(", ")}`);
        }
        const idOf = (step) => steps[told.indexOf(step)].id;
        for (const [begin, end] of [
          ["open-socket", "send hello"],
          ["create-connection nobody", "close-connection"],
        ]) {
          assert.equal(typeof idOf(begin), "number");
          assert.equal(idOf(end), idOf(begin));
        }
        assert.ok(entries.some(({ action, detail }) => action === "timer" && /^[a-z-]+ in \d+ ms$/.test(detail)));
        const all = [times[0], ...entries.map(({ timeMs }) => timeMs), times[1]];
        assert.deepEqual(
          all,
          [...all].sort((a, b) => a - b),
        );
        const text = JSON.stringify(entries);
        assert.ok(key.length >= 16 && !text.includes(key) && !text.includes("nobody else reads"));
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
