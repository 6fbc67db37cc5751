// Hosts in a browser that are not a page, or lack something: a Blob worker, a page without WebSocket or RTCPeerConnection.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { blank, loadModule, outcome } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

const pageOf = (kind, body) => withPages(world.pick(kind), [blank(world.server)], body);

/** Runs a client in a worker that was made from a Blob. */
const WORKER = `
  const told = {};
  const code = (promise) => promise.then(() => "done", ({ code, retryable, context }) => ({ code, retryable, detail: context?.detail }));
  const client = new SignalingClient("/signal");
  told.connect = await code(client.connect());
  await initialize(new URL("/package/signalpost/signalpost_bg.wasm", location.origin));
  await client.connect();
  told.state = client.state;
  told.peer = await code((async () => client.peer("nobody"))());
  client.close();
  postMessage(told);
`;

for (const kind of ["chromium", "firefox"]) {
  describe(kind, () => {
    test("a Blob worker is told to call initialize(), and works then; an address may be relative to its page", () =>
      pageOf(kind, async (page) => {
        const told = await page.evaluate(async (source) => {
          // The tests of the public face put a script before it, which imports it.
          const [plain, own] = await Promise.all(["signalpost_plain.js", "signalpost.js"].map((name) => fetch(`/package/${name}`)));
          const blobUrl = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
          const script = blobUrl(await (plain.ok ? plain : own).text());
          const worker = new Worker(blobUrl(`import { SignalingClient, initialize } from "${script}";\n${source}`), { type: "module" });
          return new Promise((resolve, reject) => {
            worker.onmessage = ({ data }) => resolve(data);
            worker.onerror = ({ message }) => reject(new Error(message));
          });
        }, WORKER);
        assert.deepEqual(told, {
          connect: {
            code: "load-failed",
            retryable: false,
            detail: "this script does not know its own address: pass the module, or its address, to initialize()",
          },
          state: "connected",
          peer: { code: "connection-unavailable", retryable: false, detail: "this host has no RTCPeerConnection" },
        });
      }));

    test("a missing WebSocket is named at once, and a transport does without", () =>
      pageOf(kind, async (page) => {
        await loadModule(page);
        await page.evaluate("window.Socket = WebSocket, window.WebSocket = undefined");
        const told = await outcome(page, () => new signalpostModule.SignalingClient("/signal").connect());
        assert.deepEqual(
          [told.code, told.retryable, told.context.detail],
          ["unsupported", false, "there is no WebSocket here: give the client a transport"],
        );
        assert.ok(told.ms < 5000);
        const state = await page.evaluate(async () => {
          const client = new signalpostModule.SignalingClient("/signal", { transport: async (url) => new Socket(url) });
          await client.connect();
          const { state } = client;
          client.close();
          return state;
        });
        assert.equal(state, "connected");
      }));
  });
}
