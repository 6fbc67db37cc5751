// Node: no window, no RTCPeerConnection, and in version 20 no WebSocket. Rooms, discovery and messages work there.
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

const run = (source, options) => runProgram(namespace, `const url = "ws://localhost:${server.port}/signal";\n${source}`, options);

/** The sockets that a program in Node can use. */
const WAYS = {
  "the npm package ws as its transport": {
    source: `import { WebSocket as Ws } from "ws";\nconst options = { transport: (url) => new Ws(url) };`,
  },
  "the npm package ws as a global": { source: `import { WebSocket as Ws } from "ws";\nglobalThis.WebSocket = Ws;\nconst options = {};` },
  // From version 22 on, Node has it without the flag.
  "Node's own WebSocket": {
    source: "const options = {};",
    flags: process.versions.node.startsWith("20.") ? ["--experimental-websocket"] : [],
  },
};

for (const [name, { source, flags }] of Object.entries(WAYS)) {
  describe(name, () => {
    test("rooms, discovery and messages work, and the process ends after close()", async () => {
      const told = await run(
        `${source}
        await initialize(bytes());
        const [ada, bob] = ["ada", "bob"].map((peerId) => new SignalingClient(url, { ...options, peerId, metadata: { name: peerId } }));
        await Promise.all([ada.connect(), bob.connect()]);
        const room = await ada.join("node");
        const joined = new Promise((done) => room.addEventListener("peerjoin", ({ peer }) => done(peer.metadata)));
        const broadcast = new Promise((done) => room.addEventListener("message", ({ from, data }) => done([from, data])));
        const other = await bob.join("node");
        told.joined = await joined;
        told.members = other.peers.map(({ id }) => id);
        told.found = (await bob.findPeers({ room: "node" })).peers.map(({ id }) => id);
        await other.broadcast({ hello: "all" });
        told.broadcast = await broadcast;
        const left = new Promise((done) => room.addEventListener("peerleave", ({ peer, reason }) => done([peer.id, reason])));
        bob.close();
        told.left = await left;
        ada.close();
        told.states = [ada.state, bob.state];`,
        { flags },
      );
      assert.deepEqual(told, {
        joined: { name: "bob" },
        members: ["ada"],
        found: ["ada"],
        broadcast: ["bob", { hello: "all" }],
        left: ["bob", "closed"],
        states: ["closed", "closed"],
      });
    });

    test("a link that is lost comes back", async () => {
      const told = await run(
        `${source}
        await initialize(bytes());
        const sockets = [];
        const open = options.transport ?? ((url) => new WebSocket(url));
        const client = new SignalingClient(url, { transport: (url) => (sockets.push(open(url)), sockets.at(-1)) });
        await client.connect();
        const resumed = new Promise((done) => client.addEventListener("resume", ({ resumed }) => done(resumed)));
        sockets[0].close();
        told.resumed = await resumed;
        told.peers = (await client.findPeers({ room: "nobody's" })).peers.length;
        client.close();`,
        { flags },
      );
      assert.deepEqual(told, { resumed: true, peers: 0 });
    });

    test("a server that is not there is a typed error, and harms nobody", async () => {
      const told = await run(
        `${source}
        await initialize(bytes());
        const client = new SignalingClient("ws://localhost:${server.port + 999}/signal", { ...options, reconnect: { maxAttempts: 0 } });
        const { code } = await outcome(() => client.connect({ timeoutMs: 3000 }));
        told.code = code;
        // A client that gave up keeps no process alive, closed or not.`,
        { flags },
      );
      assert.deepEqual(told, { code: "server-unreachable" });
    });
  });
}

const WS = `import { WebSocket as Ws } from "ws";\nconst options = { transport: (url) => new Ws(url) };\nawait initialize(bytes());\n`;

test("a peer says that there is no RTCPeerConnection, on whichever side it begins", async () => {
  const told = await run(
    `${WS}
    const [ada, bob] = ["ada", "bob"].map((peerId) => new SignalingClient(url, { ...options, peerId }));
    await Promise.all([ada.connect(), bob.connect()]);
    told.peer = await outcome(() => ada.peer("bob"));
    // The offer comes from a host that has it. The receiver cannot answer, and both sides get the error.
    const errors = [];
    bob.addEventListener("error", ({ error: { code, context } }) => errors.push([code, context.peerId, context.detail]));
    let peers = 0;
    bob.addEventListener("peer", () => (peers += 1));
    const raw = new Ws(url);
    const heard = [];
    raw.onmessage = ({ data }) => heard.push(JSON.parse(data));
    await new Promise((done) => (raw.onopen = done));
    raw.send(JSON.stringify({ type: "hello", payload: { versions: [1, 1], key: "0123456789abcdef", peer: { id: "eve", session: 7 } } }));
    while (!heard.some(({ type }) => type === "welcome")) await sleep(10);
    const sdp = "v=0\\r\\no=- 1 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\na=ice-ufrag:abcd\\r\\n";
    raw.send(JSON.stringify({ type: "offer", to: "bob", payload: { number: 1, connection: 7, sdp } }));
    while (errors.length === 0 || !heard.some(({ from }) => from === "bob")) await sleep(10);
    await sleep(50);
    told.errors = errors;
    told.heard = heard.filter(({ from }) => from === "bob").map(({ type }) => type);
    told.peers = [peers, bob.remotePeers.length];
    raw.close();
    ada.close();
    bob.close();`,
  );
  const detail = "this host has no RTCPeerConnection";
  assert.deepEqual(told, {
    peer: { code: "connection-unavailable", retryable: false, detail },
    errors: [["connection-unavailable", "eve", detail]],
    heard: ["close"],
    peers: [0, 0],
  });
});

test("without a WebSocket connect() says so at once, and the process ends", async () => {
  const told = await run(
    `await initialize(bytes());
    delete globalThis.WebSocket;
    const client = new SignalingClient(url);
    const began = performance.now();
    told.connect = await outcome(() => client.connect());
    told.isPrompt = performance.now() - began < 1000;
    told.state = client.state;`,
  );
  const detail = "there is no WebSocket here: give the client a transport";
  assert.deepEqual(told, { connect: { code: "unsupported", retryable: false, detail }, isPrompt: true, state: "idle" });
});

test("without the module's bytes: a file: address says what to pass, and the process ends", async () => {
  const told = await run(
    `import { WebSocket as Ws } from "ws";
    const client = new SignalingClient(url, { transport: (url) => new Ws(url) });
    told.connect = await outcome(() => client.connect());
    told.given = await outcome(() => initialize(new URL("file:///nowhere/signalpost_bg.wasm")));
    await initialize(bytes());
    await client.connect();
    told.state = client.state;
    client.close();`,
  );
  for (const { code, retryable, detail } of [told.connect, told.given]) {
    assert.deepEqual([code, retryable], ["load-failed", false]);
    assert.match(
      detail,
      /^file:\/\/\/.*signalpost_bg\.wasm: .*; fetch\(\) takes no file: address, so pass the bytes of the file to initialize\(\)$/,
    );
  }
  assert.equal(told.state, "connected");
});

describe("on a server that renders pages", () => {
  test("a relative address is taken, and needs a page only at connect()", async () => {
    const told = await run(
      `${WS}
      const client = new SignalingClient("/signal", options);
      told.connect = await outcome(() => client.connect());
      told.wrong = await outcome(() => new SignalingClient("ftp://example.org", options));
      const { host } = new URL(url);
      const asPage = new SignalingClient("/signal", options);
      globalThis.location = { href: "http://" + host + "/page?query" };
      await asPage.connect();
      await client.connect();
      told.states = [client.state, asPage.state];
      client.close();
      asPage.close();`,
    );
    const allowed = "a ws:, wss:, http: or https: URL";
    assert.deepEqual(told, {
      connect: {
        code: "invalid-argument",
        retryable: false,
        detail: `url is "/signal", allowed is ${allowed}; there is no page that it could be relative to`,
      },
      wrong: { code: "invalid-argument", retryable: false, detail: `url is "ftp://example.org", allowed is ${allowed}` },
      states: ["connected", "connected"],
    });
  });

  for (const [name, options, key] of [
    ["a drawn id", "{}", 0],
    ["a peerId", '{ peerId: "mallory" }', 1],
  ]) {
    test(`nothing is drawn before it is needed: ${name}`, async () => {
      const told = await run(
        `${WS}
        let draws = 0;
        let mayDraw = false;
        const { getRandomValues } = Crypto.prototype;
        Crypto.prototype.getRandomValues = function (array) {
          draws += 1;
          if (!mayDraw) throw new Error("not before a request is handled");
          return getRandomValues.call(this, array);
        };
        const client = new SignalingClient(url, { ...options, ...${options} });
        told.drawnByThen = draws;
        told.id = await outcome(() => client.peerId);
        told.connect = await outcome(() => client.connect());
        mayDraw = true;
        await client.connect();
        told.state = client.state;
        told.id2 = client.peerId.length;
        client.close();`,
      );
      const refused = { code: "unsupported", retryable: true, detail: "crypto.getRandomValues: Error: not before a request is handled" };
      assert.deepEqual(told, {
        drawnByThen: 0,
        id: key === 0 ? refused : { value: "mallory" },
        connect: refused,
        state: "connected",
        id2: key === 0 ? 16 : 7,
      });
    });
  }
});
