// Bad input, from a page with its own WebSocket and with the SDK: each gets its own typed error, and no other client is affected.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { blank, loadModule, outcome, startClient } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

const TCP_FRAME = fileURLToPath(new URL("support/tcp_frame.mjs", import.meta.url));

let world;
before(async () => (world = await makeWorld(["chromium", "chromium", "firefox"], { serverArgs: ["--log-format", "json"] })));
after(() => world?.close());

const KINDS = ["chromium", "firefox"];
let names = 0;
const fresh = (name) => `${name}-${++names}`;
const pagesOf = (kinds, body) => withPages(world.pick(...kinds), [blank(world.server)], body);

/** Returns how often the server has refused with this code so far. */
async function refusals(code) {
  const { body } = await world.server.fetch("/metrics", { admin: true });
  return Number(new RegExp(`^signalpost_refusals_total\\{code="${code}"\\} (\\d+)`, "m").exec(body)?.[1] ?? 0);
}

/** In a page: `raw(id)` opens a socket and registers; `say(frame)` sends, `next()` returns the next frame that is not a heartbeat. */
const openRaw = (page, id) =>
  page.evaluate(async (id) => {
    const socket = new WebSocket(`${location.origin.replace("http", "ws")}/signal`);
    window.raw = socket;
    const frames = [];
    const waiting = [];
    window.rawClosed = undefined;
    socket.onclose = ({ code, reason }) => (window.rawClosed = { code, reason });
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "heartbeat") return socket.send('{"type":"heartbeat-ack"}');
      if (frame.type === "heartbeat-ack") return;
      if (frame.type === "error") console.debug(`signalpost-face code ${frame.payload.code}`);
      (waiting.shift() ?? ((frame) => frames.push(frame)))(frame);
    };
    window.next = () =>
      new Promise((resolve, reject) => {
        if (frames.length > 0) return resolve(frames.shift());
        waiting.push(resolve);
        setTimeout(() => reject(new Error("no frame came")), 5000);
      });
    window.ask = (frame) => {
      socket.send(typeof frame === "object" && !ArrayBuffer.isView(frame) ? JSON.stringify(frame) : frame);
      return next();
    };
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("the socket did not open"));
    });
    if (id === null) return;
    const { type } = await ask({ type: "hello", id: 1, payload: { versions: [1, 1], key: "0123456789abcdef", peer: { id, session: 7 } } });
    if (type !== "welcome") throw new Error(`hello was answered with ${type}`);
  }, id);

/** In a page: makes the connection to a peer, with a channel that replies to each text. */
async function connectWithEcho(id) {
  const peer = client.peer(id);
  window.peer = peer;
  const channel = peer.createDataChannel("probe", { negotiated: true, id: 7 });
  window.channel = channel;
  await peer.connect();
  if (channel.readyState !== "open") await new Promise((done) => (channel.onopen = done));
}

describe("frames", () => {
  for (const kind of KINDS) {
    test(`${kind}: each bad frame has its error, its count and its line, and the neighbours do not notice`, () =>
      pagesOf([kind, kind === "firefox" ? "chromium" : "firefox"], async (page, neighbour) => {
        const [mallory, bob, eve, gone, lost] = ["mallory", "bob", "eve", "gone", "lost"].map(fresh);
        // A pair that stays connected meanwhile, one of the two in the same page.
        await startClient(page, { peerId: eve });
        await startClient(neighbour, { peerId: bob });
        await Promise.all([page.evaluate(connectWithEcho, bob), neighbour.evaluate(connectWithEcho, eve)]);
        await neighbour.evaluate("void (channel.onmessage = ({ data }) => channel.send(data + '!'))");
        // Two former peers: one said `bye`, one did not.
        await openRaw(page, gone);
        await page.evaluate('new Promise((done) => { raw.onclose = done; raw.send(\'{"type":"bye"}\'); }).then(() => {})');
        await openRaw(page, lost);
        await page.evaluate("new Promise((done) => { raw.onclose = done; raw.close(); }).then(() => {})");
        await openRaw(page, null);

        const candidates = [{ candidate: "candidate:nonsense", sdpMid: "0" }];
        const to = (type, target, payload, more = {}) => ({ type, id: 7, to: target, payload, ...more });
        const hello = { type: "hello", id: 7, payload: { versions: [1, 1], key: "0123456789abcdef", peer: { id: mallory, session: 7 } } };
        const cases = [
          ["not-registered", { type: "join", id: 7, payload: { room: "a" } }],
          ["welcome", hello],
          ["unknown-type", { type: "dance", id: 7 }],
          ["invalid-json", "{nonsense"],
          ["invalid-message", { type: "join", id: 7, payload: {} }],
          ["binary-frame", "binary"],
          ["peer-not-found", to("close", fresh("nobody"), { connection: 1 })],
          ["peer-not-found", to("close", gone, { connection: 1 })],
          ["peer-not-found", to("close", lost, { connection: 1 })],
          ["forged-sender", to("close", bob, { connection: 1 }, { from: eve })],
          ["invalid-candidate", to("ice-candidate", bob, { connection: 1, candidates })],
          ["invalid-description", to("offer", bob, { connection: 1, number: 1, sdp: "nonsense" })],
          ["message-too-large", { type: "join", id: 7, payload: { room: "r".repeat(20_000) } }],
          ["already-registered", hello],
        ];
        for (const [code, frame] of cases) {
          const before = await refusals(code);
          const line = world.server.logs.length;
          const answer =
            frame === "binary" ? await page.evaluate("ask(new Uint8Array([1, 2, 3]))") : await page.evaluate((frame) => ask(frame), frame);
          if (code === "welcome") {
            assert.equal(answer.type, "welcome");
            continue;
          }
          assert.deepEqual([answer.type, answer.payload.code], ["error", code], JSON.stringify(answer));
          if (typeof frame === "object") assert.equal(answer.payload.ref, 7, code);
          if (frame.to !== undefined) assert.equal(answer.to, frame.to, code);
          assert.equal(await refusals(code), before + 1, `${code} is counted`);
          await world.server.waitForLog(new RegExp(`"code":"${code}"`), { from: line });
          assert.equal(await page.evaluate("raw.readyState"), 1, `${code}: the socket is open`);
          const echo = await page.evaluate(
            (text) =>
              new Promise((done) => {
                channel.onmessage = ({ data }) => done(data);
                channel.send(text);
              }),
            code,
          );
          assert.equal(echo, `${code}!`, "the neighbours");
        }
        for (const side of [page, neighbour]) {
          assert.deepEqual(await side.evaluate("[client.state, peer.state, failures]"), ["connected", "connected", []]);
        }
        // The following messages arrive as if nothing had happened.
        const { peers } = await page.evaluate("client.findPeers({ limit: 100 })");
        assert.ok(peers.some(({ id }) => id === mallory));
      }));
  }

  test("an oversized frame closes with 1009, and only that socket", () =>
    pagesOf(["chromium", "firefox"], async (...pages) => {
      for (const page of pages) {
        await startClient(page, { peerId: fresh("ada") });
        await openRaw(page, fresh("mallory"));
        await page.evaluate("raw.send(JSON.stringify({ type: 'join', payload: { room: 'r'.repeat(300_000) } }))");
        const { code } = await page.waitFor("window.rawClosed");
        assert.equal(code, 1009);
        assert.equal((await page.evaluate("client.findPeers()")).cursor, undefined);
      }
    }));

  test("bad UTF-8 closes with 1007", async () => {
    for (const hex of ["ff", "c328", "eda080"]) {
      const { code, stdout, stderr } = await world.namespace.run(process.execPath, [TCP_FRAME, String(world.server.port), hex]);
      assert.deepEqual([code, stdout.trim()], [0, "1007"], `${hex}: ${stderr}`);
    }
  });
});

describe("a description that the browser refuses", () => {
  for (const kind of KINDS) {
    test(`${kind}: is told to its sender, and the client goes on`, () =>
      pagesOf([kind, "chromium"], async (page, other) => {
        const [victim, mallory, friend] = ["victim", "mallory", "friend"].map(fresh);
        await startClient(page, { peerId: victim });
        await startClient(other, { peerId: friend });
        await openRaw(other, mallory);
        for (const number of [1, 2]) {
          const frame = { type: "offer", to: victim, payload: { connection: 5, number, sdp: "v=0\r\ngarbage" } };
          // The peer may make its own offer meanwhile.
          const answer = await other.evaluate(async (frame) => {
            let answer = await ask(frame);
            while (["offer", "ice-candidate"].includes(answer.type)) answer = await next();
            return answer;
          }, frame);
          assert.equal(answer.type, "reject", JSON.stringify(answer));
          assert.deepEqual([answer.from, answer.payload.code, answer.payload.number], [victim, "description-rejected", number]);
        }
        const failures = await page.waitFor("failures.length >= 2 && failures");
        for (const failure of failures) assert.match(failure, /^description-rejected: .*Error/);
        assert.equal(await page.evaluate("client.state"), "connected");
        const [, state] = await Promise.all([
          page.evaluate((id) => client.peer(id).connect(), friend),
          other.evaluate(
            (id) =>
              client
                .peer(id)
                .connect()
                .then(() => client.peer(id).state),
            victim,
          ),
        ]);
        assert.ok(["connecting", "connected"].includes(state), state);
        await other.waitFor(`client.peer("${victim}").state === "connected"`);
      }));
  }
});

for (const kind of KINDS) {
  describe(`the SDK in ${kind}`, () => {
    const check = (got, code, retryable, detail) => {
      assert.deepEqual([got.name, got.code, got.retryable], ["SignalingError", code, retryable], JSON.stringify(got));
      assert.ok(got.message.startsWith(`${code}: `), got.message);
      if (detail) assert.match(got.message, detail);
      return got;
    };

    test("refuses what cannot be: unknown, itself, before connect()", () =>
      pagesOf([kind], async (page) => {
        const ada = fresh("ada");
        await startClient(page, { peerId: ada });
        const unknown = check(await outcome(page, () => client.peer("no-such-peer").connect()), "peer-not-found", true);
        assert.ok(unknown.ms < 2000, `${unknown.ms} ms`);
        check(await outcome(page, (id) => client.peer(id).connect(), ada), "invalid-argument", false, /itself/);
        check(
          await outcome(page, () => new signalpostModule.SignalingClient("/signal").peer("bob")),
          "invalid-state",
          false,
          /connect\(\)/,
        );
        // The connection works as before.
        assert.ok(Array.isArray((await page.evaluate("client.findPeers()")).peers));
      }));

    test("gives up in time, or when it is told to", () =>
      pagesOf([kind], async (page) => {
        await startClient(page, { peerId: fresh("ada") });
        const silent = fresh("silent");
        await openRaw(page, silent);
        const late = check(await outcome(page, (id) => client.peer(id).connect({ timeoutMs: 400 }), silent), "timeout", true);
        assert.ok(late.ms >= 390 && late.ms < 3000, `${late.ms} ms`);
        const aborted = check(
          await outcome(
            page,
            (id) => {
              const stop = new AbortController();
              setTimeout(() => stop.abort(new Error("enough")), 100);
              return client.peer(id).connect({ signal: stop.signal });
            },
            silent,
          ),
          "aborted",
          false,
        );
        assert.ok(aborted.ms < 3000, `${aborted.ms} ms`);
        check(await outcome(page, () => client.join("room", { signal: AbortSignal.abort() })), "aborted", false);
        check(await outcome(page, () => client.findPeers({}, { signal: AbortSignal.abort() })), "aborted", false);
        check(
          await outcome(page, () => new signalpostModule.SignalingClient("/signal").connect({ signal: AbortSignal.abort() })),
          "aborted",
          false,
        );
      }));

    test("says that an id is taken, and takes it when it is free", () =>
      pagesOf([kind], async (page) => {
        const peerId = fresh("ada");
        await startClient(page, { peerId });
        const taken = check(
          await outcome(page, (peerId) => new signalpostModule.SignalingClient("/signal", { peerId }).connect(), peerId),
          "peer-id-taken",
          false,
        );
        assert.ok(taken.ms < 5000, `${taken.ms} ms`);
        await page.evaluate("client.close()");
        await page.evaluate((peerId) => new signalpostModule.SignalingClient("/signal", { peerId }).connect(), peerId);
      }));

    test("close() ends what waits, with a server that does not answer too", () =>
      pagesOf([kind], async (page) => {
        await startClient(page, { peerId: fresh("ada") });
        await world.server.freeze();
        try {
          const late = check(
            await outcome(page, () => new signalpostModule.SignalingClient("/signal").connect({ timeoutMs: 500 })),
            "timeout",
            true,
          );
          assert.ok(late.ms < 3000, `${late.ms} ms`);
          const codes = await page.evaluate(async () => {
            const other = new signalpostModule.SignalingClient("/signal");
            const waiting = [other.connect(), client.join("room"), client.findPeers(), client.peer("bob").connect()];
            await new Promise((done) => setTimeout(done, 100));
            other.close();
            client.close();
            const after = [client.connect(), client.join("room"), client.findPeers()];
            return Promise.all(
              [...waiting, ...after].map((promise) =>
                promise.then(
                  () => "done",
                  ({ code }) => code,
                ),
              ),
            );
          });
          assert.deepEqual(codes, Array(7).fill("closed"));
          assert.equal(await page.evaluate("client.state"), "closed");
          check(await outcome(page, () => client.peer("bob")), "closed", false);
        } finally {
          world.server.thaw();
        }
      }));

    test("says that the browser cannot make a connection, and what it said", () =>
      pagesOf([kind], async (page) => {
        await startClient(page, { peerId: fresh("ada"), rtc: { iceServers: [{ urls: "nonsense" }] } });
        check(await outcome(page, () => client.peer("bob")), "connection-unavailable", true);
        const [failure] = await page.waitFor("failures.length > 0 && failures");
        assert.match(failure, /connection-unavailable: .*SyntaxError/);
        assert.equal(await page.evaluate("client.state"), "connected");
      }));

    test("says that the module could not be loaded, and loads it the next time", () =>
      pagesOf([kind], async (page) => {
        await loadModule(page);
        const failed = await outcome(page, () => signalpostModule.initialize("/nope.wasm"));
        check(failed, "load-failed", true);
        const bytes = await outcome(page, () => signalpostModule.initialize(new Uint8Array([1, 2, 3])));
        check(bytes, "load-failed", true);
        const state = await page.evaluate(async () => {
          const client = new signalpostModule.SignalingClient("/signal");
          await client.connect();
          return client.state;
        });
        assert.equal(state, "connected");
      }));
  });
}
