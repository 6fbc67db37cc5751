// When the application itself ends a call, its promise rejects, but not as an unhandled rejection. A call that ends in another way
// is reported.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makeNamespace } from "../harness/namespace.mjs";
import { startServer } from "../harness/server.mjs";
import { runProgram } from "./support/node_program.mjs";

let namespace;
let server;
before(async () => {
  namespace = await makeNamespace();
  server = await startServer(namespace);
});
after(async () => {
  await server?.stop("SIGKILL");
  namespace?.remove();
});

/** Makes a connected client, a room, and a substitute for the browser's connections. */
const BEGIN = `
import { WebSocket as Ws } from "ws";
globalThis.RTCPeerConnection = class extends EventTarget {
  createDataChannel = () => new EventTarget();
  createOffer = () => new Promise(() => {});
  setLocalDescription = () => new Promise(() => {});
  close() {}
};
await initialize(bytes());
const make = (options) => new SignalingClient("ws://localhost:PORT/signal", { transport: (url) => new Ws(url), ...options });
const connected = async (options) => {
  const client = make(options);
  await client.connect();
  return client;
};
`;
const run = (source) => runProgram(namespace, BEGIN.replace("PORT", server.port) + source);

const CANDIDATE = '{ candidate: "candidate:1 1 udp 1 192.0.2.1 9 typ host", sdpMid: "0" }';

describe("nothing is reported of", () => {
  const QUIET = {
    "a room that is left, and a client that is closed": `
      const client = await connected();
      const room = await client.join("a");
      room.leave();
      client.close();`,
    "all that waits when the client is closed": `
      const client = await connected();
      const room = await client.join("b");
      const peer = client.peer("nobody");
      peer.connect();
      peer.send(1);
      room.broadcast(1);
      client.findPeers();
      client.join("c");
      client.signals.sendOffer("nobody", { type: "offer", sdp: "v=0\\r\\n" });
      client.close();`,
    "a client that is made, connected and closed in one go, as React's StrictMode does": `
      const client = make();
      client.connect();
      client.join("d");
      client.close();
      const again = await connected();
      again.close();`,
    "a call that is aborted": `
      const client = make();
      const abort = new AbortController();
      client.connect({ signal: abort.signal });
      abort.abort();
      client.connect({ signal: abort.signal });
      client.close();`,
    "a peer that is closed while it connects": `
      const client = await connected();
      const peer = client.peer("nobody");
      peer.connect();
      peer.close();
      client.close();`,
    "candidates for a peer that is gone, or after close()": `
      const client = await connected();
      client.signals.sendIceCandidate("nobody", ${CANDIDATE});
      client.signals.sendIceCandidate("nobody", null);
      await sleep(300);
      client.close();
      client.signals.sendIceCandidate("nobody", null);`,
  };
  for (const [name, source] of Object.entries(QUIET)) {
    test(name, async () => assert.deepEqual(await run(`${source}\nawait sleep(50);`), {}));
  }
});

test("code that awaits a call hears of its end", async () => {
  const told = await run(`
    const client = await connected();
    const room = await client.join("a");
    const calls = [room.leave(), client.findPeers(), client.join("b"), client.signals.sendIceCandidate("nobody", null)];
    client.close();
    const late = make();
    calls.push(late.connect());
    late.close();
    told.codes = (await Promise.allSettled(calls)).map(({ reason }) => reason?.code);
    told.caught = await outcome(async () => {
      const client = make();
      const connecting = client.connect();
      client.close();
      await connecting;
    });`);
  assert.deepEqual(told.codes, Array(5).fill("closed"));
  assert.equal(told.caught.code, "closed");
});

test("what ends otherwise is reported", async () => {
  const told = await run(`
    const client = await connected();
    client.peer("nobody").send(1);
    client.signals.sendOffer("nobody", { type: "offer", sdp: "hello" });
    client.signals.sendIceCandidate("nobody", { candidate: "what" });
    await sleep(300);
    client.close();
    client.findPeers();`);
  const codes = told.unhandled.map((text) => /SignalingError: ([a-z-]+)/.exec(text)?.[1]);
  assert.deepEqual(codes.sort(), ["closed", "invalid-candidate", "invalid-description", "peer-not-found"]);
});
