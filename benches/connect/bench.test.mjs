// Tests the parts of the benchmark whose errors nobody would see in a table.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../../tests/harness/cleanup.mjs";
import { startDelayProxy } from "./delay_proxy.mjs";
import { FrameCounter } from "./frame_counter.mjs";
import { shares } from "./lan.mjs";
import { scenarioTable } from "./report.mjs";
import { startSite } from "./site.mjs";
import { median, p95, quantile, ratioInterval } from "./statistics.mjs";

test("quantiles are interpolated and leave the list alone", () => {
  const list = [4, 1, 3, 2];
  assert.equal(median(list), 2.5);
  assert.equal(median([5, 1, 9]), 5);
  assert.equal(quantile(list, 0), 1);
  assert.equal(quantile(list, 1), 4);
  assert.ok(Math.abs(p95(Array.from({ length: 101 }, (_, at) => at)) - 95) < 1e-9);
  assert.deepEqual(list, [4, 1, 3, 2]);
  assert.throws(() => median([]), RangeError);
});

test("the interval of a ratio holds it, and a pair of equal lists has none", () => {
  let state = 7;
  const random = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const floor = Array.from({ length: 40 }, (_, at) => 20 + (at % 5));
  const twice = floor.map((ms, at) => 2 * ms + (at % 3));
  const [low, high] = ratioInterval(twice, floor, random);
  assert.ok(low > 1.8 && low <= 2.1 && high >= 2 && high < 2.3, `${low} to ${high}`);
  assert.deepEqual(ratioInterval(floor, floor, random), [1, 1]);
});

/** Returns an unmasked or masked frame with a payload of this many bytes. */
function frame(opcode, length, isMasked = false) {
  const mask = isMasked ? 0x80 : 0;
  let head;
  if (length < 126) head = Buffer.from([0x80 | opcode, mask | length]);
  else if (length < 65_536) head = Buffer.from([0x80 | opcode, mask | 126, length >> 8, length & 255]);
  else {
    head = Buffer.alloc(10);
    head.set([0x80 | opcode, mask | 127]);
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0), Buffer.alloc(length, 0x0d)]);
}

test("data frames are counted however the bytes are cut, after the head, without pings", () => {
  const head = Buffer.from("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
  const frames = [frame(1, 5), frame(9, 3), frame(1, 300, true), frame(2, 70_000), frame(8, 2), frame(1, 0)];
  const all = Buffer.concat([head, ...frames]);
  for (const size of [1, 2, 3, 7, 1000, all.length]) {
    const counted = [];
    const counter = new FrameCounter((bytes) => counted.push(bytes));
    for (let at = 0; at < all.length; at += size) counter.push(all.subarray(at, at + size));
    assert.deepEqual(counted, [5, 300, 70_000, 0], `in pieces of ${size}`);
  }
});

test("the proxy delays each direction, keeps the order, and counts", async () => {
  const listen = (server) => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));
  const echo = net.createServer((socket) => socket.pipe(socket));
  const target = await listen(echo);
  const probe = net.createServer();
  const port = await listen(probe);
  await new Promise((done) => probe.close(done));
  const proxy = await startDelayProxy({ port, target });
  proxy.setDelay(30);
  const socket = net.connect(port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  const began = performance.now();
  const sent = [Buffer.from("GET / HTTP/1.1\r\n\r\n"), frame(1, 200, true), frame(1, 10, true)];
  for (const part of sent) {
    socket.write(part);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  let heard = Buffer.alloc(0);
  for await (const data of socket) {
    heard = Buffer.concat([heard, data]);
    if (heard.length >= Buffer.concat(sent).length) break;
  }
  const took = performance.now() - began;
  socket.destroy();
  proxy.close();
  echo.close();
  assert.ok(heard.equals(Buffer.concat(sent)));
  assert.ok(took >= 60, `${took} ms for two hops of 30`);
  const counts = { frames: 2, bytes: 210 };
  assert.deepEqual(proxy.take(), { up: counts, down: counts });
  assert.deepEqual(proxy.take(), { up: { frames: 0, bytes: 0 }, down: { frames: 0, bytes: 0 } });
});

test("a phase that was over before the one in front of it has no share", () => {
  const ends = { load: 10, hello: 14, discovery: 13, offer: 20, answer: 25, pair: 30, open: 32 };
  assert.deepEqual(shares(ends), { load: 10, hello: 4, discovery: 0, offer: 6, answer: 5, pair: 5, open: 2 });
});

test("the table says the ratio of medians", () => {
  const round = (ms) => ({ ms, up: { frames: 4, bytes: 10 }, down: { frames: 5, bytes: 20 } });
  const text = scenarioTable({ floor: [10, 20, 30].map(round), other: [20, 30, 70].map(round) });
  assert.match(text, /\| floor \| 20\.0 \| 29\.0 \| 1 \| 4 \/ 5 \| 10 \/ 20 \|/);
  assert.match(text, /\| other \| 30\.0 \| 66\.0 \| 1\.50 \(/);
});

test("the site serves the module in its folder, and not beside it", async () => {
  const { directory, remove } = temporaryDirectory();
  mkdirSync(path.join(directory, "signalpost"));
  writeFileSync(path.join(directory, "signalpost", "signalpost_bg.wasm"), "module");
  writeFileSync(path.join(directory, "above.js"), "secret");
  const server = await startSite({ port: 0, directory });
  const get = (name) => fetch(`http://127.0.0.1:${server.address().port}/${name}`);
  try {
    const found = await get("cached/signalpost/signalpost_bg.wasm");
    assert.deepEqual([found.status, found.headers.get("content-type"), await found.text()], [200, "application/wasm", "module"]);
    assert.equal((await get("fresh/signalpost_bg.wasm")).status, 404);
  } finally {
    server.closeAllConnections();
    server.close();
    remove();
  }
});
