// The option `pingMs`: after how much silence a client pings a peer, and that 0 turns the pings off.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { blank, loadModule } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

for (const kind of ["chromium", "firefox"]) {
  test(`a client in ${kind} pings a silent peer as often as it was told, and with 0 only answers`, () =>
    withPages(world.pick(kind), [blank(world.server)], async (page) => {
      await loadModule(page);
      const [quick, none] = await page.evaluate(async (peerId) => {
        const made = (name, pingMs) => {
          const pings = [];
          const debug = ({ action, detail }) => action === "ping" && pings.push(detail);
          return { pings, client: new signalpostModule.SignalingClient("/signal", { peerId: name, pingMs, debug }) };
        };
        const [quick, none] = [made(`quick-${peerId}`, 100), made(`none-${peerId}`, 0)];
        await Promise.all([quick.client.connect(), none.client.connect()]);
        await quick.client.peer(none.client.peerId).connect();
        const wanted = () => quick.pings.length >= 3 && none.pings.length >= 3;
        for (let waited = 0; !wanted() && waited < 10_000; waited += 50) await new Promise((done) => setTimeout(done, 50));
        for (const { client } of [quick, none]) client.close();
        return [quick.pings, none.pings];
      }, kind);
      assert.ok(quick.filter((text) => text.startsWith("?")).length >= 3, `${quick}`);
      assert.ok(none.length >= 3 && none.every((text) => text.startsWith("!")), `${none}`);
    }));
}
