// The fault proxy carries out commands to the byte.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import net from "node:net";
import { after, before, beforeEach, afterEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FaultProxy } from "./fault_proxy.mjs";
import { WebSocketStream } from "./websocket_stream.mjs";

const REQUEST = "GET /signal HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
const RESPONSE = "HTTP/1.1 101 Switching Protocols\r\n\r\n";

/** Returns one text frame; the frames of a client are masked. */
function frame(text, isMasked) {
  const payload = Buffer.from(text);
  const length = payload.length < 126 ? [payload.length] : [126, payload.length >> 8, payload.length & 255];
  if (!isMasked) return Buffer.from([0x81, ...length, ...payload]);
  const mask = createHash("sha256").update(text).digest().subarray(0, 4);
  return Buffer.from([0x81, length[0] | 0x80, ...length.slice(1), ...mask, ...payload.map((byte, at) => byte ^ mask[at & 3])]);
}
const up = (type, more = {}) => frame(JSON.stringify({ type, ...more }), true);
const down = (type, more = {}) => frame(JSON.stringify({ type, ...more }), false);

/** Records the bytes that arrived at one end, and how that end closed. */
function watch(socket) {
  const heard = { socket, bytes: Buffer.alloc(0), ended: undefined };
  socket.on("data", (data) => (heard.bytes = Buffer.concat([heard.bytes, data])));
  socket.on("end", () => (heard.ended ??= "fin"));
  socket.on("error", ({ code }) => (heard.ended ??= code));
  return heard;
}

async function until(look, what) {
  for (let round = 0; round < 300; round += 1) {
    if (look()) return;
    await sleep(10);
  }
  throw new Error(`waited for ${what ?? look}`);
}

let backend;
let arrivals;
let proxy;
let port;
const open = [];

before(async () => {
  backend = net.createServer({ allowHalfOpen: true }, (socket) => {
    open.push(socket);
    arrivals.push(watch(socket));
  });
  await new Promise((resolve) => backend.listen(0, "127.0.0.1", resolve));
});
after(() => backend.close());
beforeEach(async () => {
  arrivals = [];
  proxy = new FaultProxy(backend.address().port);
  port = await proxy.listen(0);
});
afterEach(() => {
  proxy.close();
  for (const socket of open.splice(0)) socket.destroy();
});

/** Opens a connection through the proxy; returns its two ends, `[page, server]`. */
async function connect() {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  open.push(socket);
  const page = watch(socket);
  const before = arrivals.length;
  socket.write(REQUEST);
  await until(() => arrivals.length > before && arrivals.at(-1).bytes.length === REQUEST.length, "the request");
  const server = arrivals.at(-1);
  server.socket.write(RESPONSE);
  await until(() => page.bytes.length === RESPONSE.length, "the response");
  server.bytes = page.bytes = Buffer.alloc(0);
  return [page, server];
}

test("a stream is taken apart wherever its bytes are split", () => {
  const texts = ["{}", "x".repeat(300), JSON.stringify({ type: "offer", sdp: "ü😀" })];
  for (const isMasked of [false, true]) {
    const whole = Buffer.concat([Buffer.from(REQUEST), ...texts.map((text) => frame(text, isMasked)), Buffer.from([0x88, 0])]);
    for (const size of [1, 2, 3, 7, whole.length]) {
      const stream = new WebSocketStream();
      const parts = [];
      for (let at = 0; at < whole.length; at += size) parts.push(...stream.push(whole.subarray(at, at + size)));
      assert.deepEqual(
        parts.map(({ opcode }) => opcode),
        [undefined, 1, 1, 1, 8],
      );
      assert.deepEqual(
        parts.slice(1, 4).map(({ text }) => text),
        texts,
      );
      assert.deepEqual(Buffer.concat(parts.map(({ bytes }) => bytes)), whole);
    }
  }
  const stream = new WebSocketStream();
  const pieces = [Buffer.from(REQUEST), Buffer.from([0x01, 2, 104, 101]), Buffer.from([0x80, 1, 121]), Buffer.from([0x81, 5, 97])];
  assert.deepEqual(
    pieces.flatMap((piece) => [...stream.push(piece)]).map(({ text }) => text),
    [undefined, undefined, "hey"],
  );
  assert.deepEqual(stream.rest(), pieces[3]);
});

test("what it is not told to disturb passes, and is counted", async () => {
  const [page, server] = await connect();
  page.socket.write(Buffer.concat([up("hello"), up("offer", { n: 1 })]));
  server.socket.write(down("welcome"));
  await proxy.passed({ type: "offer" });
  await proxy.passed({ type: "welcome", direction: "down" });
  await until(() => server.bytes.equals(Buffer.concat([up("hello"), up("offer", { n: 1 })])));
  await until(() => page.bytes.equals(down("welcome")));
  assert.deepEqual(
    proxy.frames().map(({ link, direction, type }) => `${link} ${direction} ${type}`),
    ["0 up hello", "0 up offer", "0 down welcome"],
  );
  assert.equal(JSON.parse(proxy.frames({ type: "offer" })[0].text).n, 1);
  assert.deepEqual(proxy.frames({ from: proxy.place() }), []);
  const [link] = proxy.links();
  assert.deepEqual(
    [link.up.head, link.up.bytes, link.down.bytes, link.ended],
    [REQUEST.length, server.bytes.length, page.bytes.length, undefined],
  );
  page.socket.end();
  await until(() => server.ended === "fin");
  server.socket.end();
  await proxy.linked({ ended: 1 });
});

test("what asks for another path is no link", async () => {
  proxy.act({ gate: "reset" });
  const socket = net.connect({ port, host: "127.0.0.1" });
  open.push(socket);
  socket.write("GET /livez HTTP/1.1\r\n\r\n");
  await until(() => arrivals[0]?.bytes.length > 0);
  assert.deepEqual(proxy.links(), []);
});

for (const [how, told] of [
  ["reset", "ECONNRESET"],
  ["fin", "fin"],
]) {
  test(`a link is cut at a byte: ${how}`, async () => {
    for (const [at, [direction, byte]] of [
      ["up", 0],
      ["up", 9],
      ["down", 5],
    ].entries()) {
      const rule = proxy.rule({ when: { direction, byte }, act: { cut: how } });
      const [page, server] = await connect();
      const [from, to] = direction === "up" ? [page, server] : [server, page];
      const bytes = direction === "up" ? up("hello") : down("welcome");
      from.socket.write(bytes);
      assert.equal((await proxy.fired({ rule })).bytes, byte);
      await until(() => page.ended && server.ended, "both ends to be told");
      // Node reports a reset that follows data directly as an ordinary end.
      assert.ok([page.ended, server.ended].includes(told), `${page.ended}, ${server.ended}`);
      assert.deepEqual(to.bytes, bytes.subarray(0, byte));
      assert.equal(proxy.links()[at][direction].bytes, byte);
      assert.deepEqual(proxy.frames(), []);
    }
  });
}

test("one side alone is cut", async () => {
  const [page, server] = await connect();
  proxy.act({ cut: "reset", to: "page" });
  await until(() => page.ended === "ECONNRESET");
  server.socket.write(down("late"));
  await sleep(50);
  assert.equal(server.ended, undefined, "the server believes in it");
});

test("a frame is what a cut waits for: after it, or before it", async () => {
  const after = proxy.rule({ when: { direction: "up", type: "offer" }, act: { cut: "reset" } });
  const [page, server] = await connect();
  page.socket.write(Buffer.concat([up("hello"), up("offer"), up("close")]));
  await proxy.fired({ rule: after });
  await until(() => server.ended !== undefined && page.ended !== undefined);
  assert.deepEqual(server.bytes, Buffer.concat([up("hello"), up("offer")]));

  const before = proxy.rule({
    when: { direction: "down", type: "answer", nth: 2, isBefore: true },
    act: [{ cut: "reset" }, { gate: "reset" }],
  });
  const [other, otherServer] = await connect();
  otherServer.socket.write(Buffer.concat([down("answer", { n: 1 }), down("answer", { n: 2 })]));
  assert.equal(JSON.parse((await proxy.fired({ rule: before })).text).n, 2);
  await until(() => other.ended !== undefined);
  assert.deepEqual(other.bytes, down("answer", { n: 1 }));
  const refused = watch(net.connect({ port, host: "127.0.0.1" }));
  refused.socket.write(REQUEST);
  await until(() => refused.ended === "ECONNRESET");
  assert.equal((await proxy.linked({ count: 3 }))[2].isRefused, true);
});

test("what is held follows after a thaw, in order, also the end", async () => {
  const [page, server] = await connect();
  const rule = proxy.rule({ when: { direction: "up", type: "b", isBefore: true }, act: { freeze: "hold", direction: "up" } });
  const all = Buffer.concat([up("a"), up("b"), up("c")]);
  page.socket.write(all);
  await proxy.fired({ rule });
  page.socket.end(up("d"));
  server.socket.write(down("other way"));
  await until(() => page.bytes.equals(down("other way")), "the other direction to be free");
  assert.deepEqual([server.bytes, server.ended], [up("a"), undefined]);
  proxy.act({ thaw: true });
  await until(() => server.ended === "fin");
  assert.deepEqual(server.bytes, Buffer.concat([all, up("d")]));
  assert.deepEqual(
    proxy.frames({ direction: "up" }).map(({ type }) => type),
    ["a", "b", "c", "d"],
  );
});

test("half a frame passes, and the other half after a thaw", async () => {
  const rule = proxy.rule({ when: { direction: "down", byte: 4 }, act: { freeze: "hold" } });
  const [page, server] = await connect();
  server.socket.write(down("welcome"));
  await proxy.fired({ rule });
  await until(() => page.bytes.length === 4);
  proxy.act({ thaw: true });
  await proxy.passed({ type: "welcome" });
  await until(() => page.bytes.equals(down("welcome")));
});

test("half open: bytes are taken and go nowhere, and nobody is told of an end", async () => {
  const [page, server] = await connect();
  proxy.act({ freeze: "sink" });
  page.socket.write(up("hello"));
  page.socket.end();
  await sleep(50);
  assert.deepEqual([server.bytes.length, server.ended, page.ended], [0, undefined, undefined]);
  assert.equal(proxy.links()[0].up.swallowed, up("hello").length);
  assert.throws(() => proxy.act({ thaw: true }), /are gone/);
  proxy.act({ cut: "reset" });
  await until(() => page.ended !== undefined && server.ended !== undefined);
});

test("stalled: bytes are not taken, so they pile up at the sender", async () => {
  const [page, server] = await connect();
  proxy.act({ freeze: "stall", direction: "up" });
  const much = Buffer.alloc(16 << 20);
  much[0] = 0x82;
  page.socket.write(much);
  await sleep(100);
  assert.ok(page.socket.writableLength > 0 && server.bytes.length === 0);
});

test("a new link can be frozen from its beginning, and is let through later", async () => {
  proxy.act({ gate: "hold" });
  const socket = net.connect({ port, host: "127.0.0.1" });
  open.push(socket);
  socket.write(REQUEST);
  await proxy.linked({ count: 1 });
  await sleep(50);
  assert.equal(arrivals.at(-1)?.bytes.length ?? 0, 0);
  proxy.act({ gate: "open", thaw: true });
  await until(() => arrivals.at(-1)?.bytes.length === REQUEST.length);
});

test("a delay holds each byte so long, in order", async () => {
  const [page, server] = await connect();
  proxy.act({ delay: 120, direction: "up" });
  const began = performance.now();
  page.socket.write(up("one"));
  await sleep(60);
  proxy.act({ delay: 0 });
  page.socket.write(up("two"));
  await until(() => server.bytes.length === up("one").length + up("two").length);
  assert.ok(performance.now() - began >= 115);
  assert.deepEqual(server.bytes, Buffer.concat([up("one"), up("two")]));
});
