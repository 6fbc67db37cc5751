// The work that begins while the browser loads the module, and that nothing of it stays when the client does not need it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, loadModule, outcome } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

/** Records the page's sockets and connections, and holds the module until the test calls `deliver()`. */
const watch = async (page) => {
  await loadModule(page);
  await page.evaluate(() => {
    const { initialize } = signalpostModule;
    window.sockets = [];
    window.connections = [];
    window.WebSocket = class extends WebSocket {
      constructor(...given) {
        super(...given);
        sockets.push(this);
      }
    };
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...given) {
        super(...given);
        connections.push(this);
      }
    };
    const bytes = fetch("/package/signalpost/signalpost_bg.wasm").then((response) => response.arrayBuffer());
    initialize(
      new Promise((resolve, reject) => {
        window.deliver = () => resolve(bytes);
        window.lose = () => reject(new Error("lost on the way"));
      }),
    ).catch(() => {});
    window.client = new signalpostModule.SignalingClient("/signal", { peerId: crypto.randomUUID() });
  });
};

const states = (page) => page.evaluate("sockets.map(({ readyState }) => readyState)");
const [OPEN, CLOSED] = [1, 3];

for (const kind of ["chromium", "firefox"]) {
  describe(kind, () => {
    const withPage = (body) =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        await watch(page);
        await body(page);
      });

    test("the socket is open before the module has come, is the only one, and WebRTC was started", () =>
      withPage(async (page) => {
        await page.evaluate("void (window.connecting = client.connect())");
        await page.waitFor(`sockets[0]?.readyState === ${OPEN}`);
        assert.deepEqual(await page.evaluate("[client.state, connections.map((it) => it.signalingState)]"), ["idle", ["closed"]]);
        await page.evaluate("deliver(), connecting");
        assert.equal(await page.evaluate("client.state"), "connected");
        assert.deepEqual(await states(page), [OPEN]);
        await page.evaluate("client.close()");
        await page.waitFor(`sockets[0].readyState === ${CLOSED}`);
      }));

    test("a socket that is lost before the module has come is followed by another", () =>
      withPage(async (page) => {
        await page.evaluate("void (window.connecting = client.connect())");
        await page.waitFor(`sockets[0]?.readyState === ${OPEN}`);
        await page.evaluate("sockets[0].close()");
        await page.waitFor(`sockets[0].readyState === ${CLOSED}`);
        await page.evaluate("deliver(), connecting");
        assert.deepEqual(await states(page), [CLOSED, OPEN]);
      }));

    test("what follows connect() waits neither for the module nor for the registration", () =>
      withPage(async (page) => {
        const members = await page.evaluate(async () => {
          const connecting = client.connect();
          const joining = client.join("early");
          const finding = client.findPeers();
          deliver();
          const [room, found] = await Promise.all([joining, finding, connecting]);
          return [client.state, room.peers, found.peers.length];
        });
        assert.deepEqual(members, ["connected", [], 0]);
        const before = await outcome(page, () => new signalpostModule.SignalingClient("/signal").join("x"));
        assert.equal(before.code, "invalid-state");
      }));

    for (const [name, end, code] of [
      ["aborted", "abort.abort()", "aborted"],
      ["closed", "client.close()", "closed"],
      ["without a module", "lose()", "load-failed"],
    ]) {
      test(`a client that is ${name} while it waits for the module leaves no socket`, () =>
        withPage(async (page) => {
          await page.evaluate(() => {
            window.abort = new AbortController();
            window.connecting = client.connect({ signal: abort.signal });
            window.joining = client.join("early");
            for (const promise of [connecting, joining]) promise.catch(() => {});
          });
          await page.waitFor(`sockets[0]?.readyState === ${OPEN}`);
          await page.evaluate(end);
          assert.equal((await outcome(page, () => connecting)).code, code);
          await page.waitFor(`sockets[0].readyState === ${CLOSED}`);
          await page.evaluate("deliver()");
          assert.ok((await outcome(page, () => joining)).code);
          assert.deepEqual(await states(page), [CLOSED]);
        }));
    }
  });
}
