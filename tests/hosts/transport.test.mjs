// A `transport` may return a socket, an open socket, or a promise of a socket. The client refuses any other value by name, at once.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FakeSocket } from "./support/fake_socket.mjs";
import { scriptUrl, wasmFile } from "./support/node_program.mjs";

const { SignalingClient, initialize } = await import(scriptUrl);
before(() => initialize(readFileSync(wasmFile)));

const clientOver = (transport, options = {}) => new SignalingClient("ws://localhost/signal", { transport, ...options });

const failure = (promise) =>
  promise.then(
    () => undefined,
    ({ code, retryable, context }) => ({ code, retryable, detail: context?.detail }),
  );

describe("a promise of a socket", () => {
  test("connects, and the socket is closed with the client", async () => {
    let socket;
    const client = clientOver(async () => (socket = new FakeSocket()));
    await client.connect({ timeoutMs: 3000 });
    assert.deepEqual([client.state, socket.frames[0].type], ["connected", "hello"]);
    client.close();
    assert.equal(socket.closedWith, 1000);
  });

  test("of one that is open when it comes", async () => {
    const client = clientOver(async () => {
      const socket = new FakeSocket();
      await sleep(20);
      assert.equal(socket.readyState, 1);
      return socket;
    });
    await client.connect({ timeoutMs: 3000 });
    client.close();
  });

  test("that comes when the client is closed, or its attempt was given up, is closed", async () => {
    for (const end of [(client) => client.close(), (_, abort) => abort.abort()]) {
      let come;
      const abort = new AbortController();
      const client = clientOver(() => new Promise((resolve) => (come = resolve)));
      const connecting = failure(client.connect({ timeoutMs: 3000, signal: abort.signal }));
      while (!come) await sleep(1);
      end(client, abort);
      await connecting;
      const late = new FakeSocket();
      come(late);
      await sleep(20);
      assert.deepEqual([late.closedWith !== undefined, late.frames], [true, []]);
      client.close();
    }
  });

  test("that rejects says why in the end", async () => {
    const reason = new Error("401 from the token's server");
    const client = clientOver(() => Promise.reject(reason), { reconnect: { maxAttempts: 0 } });
    const { code, cause } = await client.connect({ timeoutMs: 3000 }).catch((error) => error);
    assert.deepEqual([code, cause], ["server-unreachable", reason]);
    client.close();
  });

  test("that rejects, or brings what has ended, is a failed attempt, and the next one counts", async () => {
    const wrong = [
      () => Promise.reject(new Error("no")),
      async () => {
        const socket = new FakeSocket();
        socket.close();
        return socket;
      },
    ];
    for (const first of wrong) {
      let attempts = 0;
      const client = clientOver(() => (attempts++ === 0 ? first() : new FakeSocket()), { reconnect: { baseMs: 1 } });
      await client.connect({ timeoutMs: 5000 });
      assert.equal(attempts, 2);
      client.close();
      const given = clientOver(first, { reconnect: { maxAttempts: 0 } });
      assert.equal((await failure(given.connect({ timeoutMs: 3000 }))).code, "server-unreachable");
      given.close();
    }
  });

  test("reconnects over the next one when it is lost", async () => {
    const sockets = [];
    const transport = async () => {
      sockets.push(new FakeSocket());
      return sockets.at(-1);
    };
    const client = clientOver(transport, { reconnect: { baseMs: 1 } });
    await client.connect({ timeoutMs: 3000 });
    const back = new Promise((done) => client.addEventListener("resume", done));
    sockets[0].cut();
    await back;
    assert.deepEqual([client.state, sockets.length], ["connected", 2]);
    client.close();
  });
});

test("a socket that is open already is taken", async () => {
  const socket = new FakeSocket({ opens: false });
  socket.open();
  const client = clientOver(() => socket);
  await client.connect({ timeoutMs: 3000 });
  client.close();
});

describe("what is no socket", () => {
  const WRONG = { nothing: undefined, null: null, "a text": "ws", "half of one": { send() {} }, "a promise of nothing": Promise.resolve() };
  for (const [name, answer] of Object.entries(WRONG)) {
    test(`is refused by name, at once: ${name}`, async () => {
      let attempts = 0;
      const client = clientOver(() => {
        attempts += 1;
        return answer;
      });
      const errors = [];
      client.addEventListener("error", ({ error }) => errors.push(error.code));
      const began = performance.now();
      const told = await failure(client.connect());
      assert.ok(performance.now() - began < 1000);
      assert.deepEqual([told.code, told.retryable], ["invalid-argument", false]);
      assert.match(
        told.detail,
        /^what transport\(\) returned is .*, allowed is an object with send\(\) and close\(\), such as a WebSocket, or a promise of one$/,
      );
      await sleep(50);
      assert.deepEqual([client.state, attempts, errors], ["idle", 1, []]);
      client.close();
    });
  }

  test("on a later attempt is an error event, and the attempts go on", async () => {
    const sockets = [];
    const answers = [true, false, true];
    const transport = () => {
      if (!answers.shift()) return undefined;
      sockets.push(new FakeSocket());
      return sockets.at(-1);
    };
    const client = clientOver(transport, { reconnect: { baseMs: 1 } });
    await client.connect({ timeoutMs: 3000 });
    const codes = [];
    client.addEventListener("error", ({ error }) => codes.push(error.code));
    const back = new Promise((done) => client.addEventListener("resume", done));
    sockets[0].cut();
    await back;
    assert.deepEqual([codes, client.state], [["invalid-argument"], "connected"]);
    client.close();
  });
});
