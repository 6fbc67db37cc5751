// Runs the shell lines of docs/guides/redis.md as they stand, in a network of their own; and `npm start` on Redis.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inRoot } from "../../tools/paths.mjs";
import { temporaryDirectory } from "../harness/cleanup.mjs";
import { makeNamespace } from "../harness/namespace.mjs";
import { startRedis } from "../harness/redis.mjs";
import { serverBinary } from "../harness/server.mjs";
import { blocksOf } from "./blocks.mjs";

const lines = blocksOf("docs/guides/redis.md")
  .filter(({ language }) => language === "sh")
  .flatMap((block) => block.lines);

let namespace;
before(async () => {
  namespace = await makeNamespace();
});
after(() => namespace?.remove());

/** Asks until the answer is 200. */
async function answers(url, { seconds = 30, log = () => "" } = {}) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await namespace.fetch(url).catch((error) => ({ status: 0, body: String(error) }));
    if (answer.status === 200) return answer.body;
    if (Date.now() > end) assert.fail(`${url}: ${JSON.stringify(answer)}\n${log()}`);
    await sleep(100);
  }
}

/** Starts a program with a shell; returns its process and what it says. */
function start(command, env) {
  const child = namespace.spawn("sh", ["-c", command], { env, cwd: inRoot() });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += data));
  return { end: () => process.kill(-child.pid, "SIGKILL"), said: () => `${command}\n${said}` };
}

/** Registers a peer by way of a URL; prints the type of the answer. */
const HELLO = `const socket = new WebSocket(process.argv[1]);
const peer = { id: "ada", session: 1 };
socket.onopen = () => socket.send(JSON.stringify({ type: "hello", id: 1, payload: { versions: [1, 2], key: "0123456789abcdef", peer } }));
socket.onmessage = ({ data }) => { console.log(JSON.parse(data).type); process.exit(); };`;

test("every line of the guide runs, and a peer is registered through all of it", async () => {
  const { directory, remove } = temporaryDirectory();
  const env = { ...process.env };
  const running = [];
  const seen = new Map();
  try {
    for (const line of lines) {
      const exported = /^export (\w+)="(.*)"$/.exec(line);
      const asked = /^curl (\S+)$/.exec(line);
      if (exported) {
        env[exported[1]] = exported[2];
      } else if (asked) {
        const log = () => running.map(({ said }) => said().slice(-1500)).join("\n");
        seen.set(new URL(asked[1]).pathname, await answers(asked[1], { log }));
      } else if (line.startsWith("cargo build ")) {
        // The stage "build" makes another profile of it.
        assert.equal(line, "cargo build --release -p signalpost-server");
      } else {
        assert.match(line, /^(redis-server|target\/release\/signalpost-server|SIGNALPOST_BIND=.* haproxy) /);
        const command = line.replace("target/release/signalpost-server", serverBinary()).replace("/var/lib/redis", directory);
        assert.ok(!line.includes("/var/lib/") || command !== line);
        running.push(start(command, env));
      }
    }
    assert.equal(seen.get("/readyz"), "ok\n");
    assert.match(seen.get("/metrics"), /^signalpost_store_peers 0$/m);
    const { stdout, stderr } = await namespace.run(process.execPath, [
      "--experimental-websocket",
      "-e",
      HELLO,
      "ws://127.0.0.1:8080/signal",
    ]);
    assert.equal(stdout.trim(), "welcome", stderr);
    assert.match(await answers("http://127.0.0.1:8793/metrics"), /^signalpost_store_peers 1$/m);
  } finally {
    for (const { end } of running) end();
    remove();
  }
});

test("compose.yaml mounts files that are there, and says what of it is untested", () => {
  const compose = readFileSync(inRoot("docs/deploy/compose.yaml"), "utf8");
  const mounted = [...compose.matchAll(/- \.\/([\w.]+):/g)].map(([, file]) => file);
  assert.deepEqual(mounted.sort(), ["haproxy.cfg", "redis.conf", "turnserver.conf", "users.acl"]);
  for (const file of mounted) assert.ok(existsSync(inRoot("docs/deploy", file)), file);
  assert.match(compose, /^# UNTESTED/);
});

test("npm start takes the server's flags: the demo runs on Redis", async () => {
  const redis = await startRedis(namespace);
  const port = await namespace.freePort();
  const env = { ...process.env, PORT: String(port), SIGNALPOST_SERVER: serverBinary() };
  const program = start(`exec npm start --silent -- --redis ${redis.url}`, env);
  try {
    assert.match(await answers(`http://127.0.0.1:${port}/`, { seconds: 120, log: program.said }), /<html/i);
    const ask = `const socket = require("net").connect(${redis.port}, "127.0.0.1", () => socket.write("PUBSUB CHANNELS sp:n:*\\r\\n"));
      socket.on("data", (data) => { console.log(String(data).split("\\r\\n")[0]); process.exit(); });`;
    const { stdout } = await namespace.run(process.execPath, ["-e", ask]);
    assert.equal(stdout.trim(), "*1", "the server has subscribed to its doorbell");
  } finally {
    program.end();
    await redis.close();
  }
});
