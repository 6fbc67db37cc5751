// The laboratory itself: its NATs are what their names say, its faults hit what they should, and it leaves nothing behind.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { judge as judgeStage } from "../../tools/stages/netlab.mjs";
import { Browsers } from "./browsers.mjs";
import { judgeCell, possiblePath } from "./cells.mjs";
import { load } from "./connection.mjs";
import { buildLaboratory } from "./laboratory.mjs";
import { obstacle } from "./permitted.mjs";
import { missing } from "./recovery.mjs";
import { failures, recoveryText } from "./recovery_table.mjs";

const skip = obstacle() ?? false;
let laboratory;
let browsers;
before(async () => {
  if (skip) return;
  laboratory = await buildLaboratory();
  browsers = new Browsers(laboratory);
});
after(async () => {
  await browsers?.close();
  await laboratory?.close();
});

/** Gathers in the page; returns the candidates, each as `{ type, address, port }`. */
async function gather({ iceServers, limitMs }) {
  const connection = new RTCPeerConnection({ iceServers });
  const found = [];
  const complete = new Promise((done) => {
    connection.onicecandidate = ({ candidate }) => (candidate ? candidate.candidate && found.push(candidate) : done());
  });
  connection.createDataChannel("any");
  await connection.setLocalDescription();
  await Promise.race([complete, new Promise((done) => setTimeout(done, limitMs))]);
  connection.close();
  return found.map(({ type, address, port }) => ({ type, address, port }));
}

test("each kind of NAT maps as its name says", { skip, timeout: 60_000 }, async () => {
  const chromium = await browsers.at("a", "chromium");
  const tab = await chromium.open();
  const { server, iceServers } = laboratory.servers;
  const outside = {};
  for (const kind of ["none", "cone", "fullcone", "symmetric", "udpblocked"]) {
    laboratory.setNats(kind, "none");
    await load(tab, server.origin);
    const found = await tab.evaluate(gather, { iceServers: iceServers.stun, limitMs: 1500 });
    outside[kind] = found.filter(({ type }) => type === "srflx").map(({ address, port }) => `${address}:${port}`);
  }
  await tab.close();
  assert.match(outside.none.join(), /^198\.51\.100\.66:\d+$/);
  for (const kind of ["cone", "fullcone"]) assert.match(outside[kind].join(), /^203\.0\.113\.101:\d+$/, kind);
  assert.equal(new Set(outside.symmetric).size, 2, outside.symmetric.join());
  assert.deepEqual(outside.udpblocked, []);
});

/** Whether a program at a site gets an answer of the signaling server, and one of the other site. */
async function reaches(site, url) {
  const script = "fetch(process.argv[1], { signal: AbortSignal.timeout(700) }).then(() => process.exit(0), () => process.exit(1))";
  return (await site.namespace.run(process.execPath, ["-e", script, url])).code === 0;
}

test("faults hit one way, or all of one site, and end", { skip, timeout: 60_000 }, async () => {
  laboratory.setNats("none", "none");
  const { a, b } = laboratory.sites;
  const page = "require('http').createServer((q, s) => s.end()).listen(7000, () => console.log('ready'))";
  const other = b.namespace.spawn(process.execPath, ["-e", page]);
  await new Promise((ready) => other.stdout.once("data", ready));
  const seen = async () => [await reaches(a, `${laboratory.servers.server.origin}/livez`), await reaches(a, `http://198.51.100.130:7000/`)];
  assert.deepEqual(await seen(), [true, true]);
  laboratory.blockDirect(true);
  assert.deepEqual(await seen(), [true, false]);
  laboratory.blockDirect(false);
  assert.deepEqual(await seen(), [true, true]);
  a.router.silence();
  assert.deepEqual(await seen(), [false, false]);
  a.router.restore();
  a.disconnect("a");
  assert.deepEqual(await seen(), [false, false]);
  a.connect("c");
  assert.deepEqual(await seen(), [true, true]);
  other.kill("SIGKILL");
});

const namespaces = () => execFileSync("ip", ["netns", "list"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

test("a laboratory whose process is killed leaves no namespace", { skip, timeout: 60_000 }, async () => {
  const script = `import("${new URL("laboratory.mjs", import.meta.url)}").then((it) => it.buildLaboratory()).then(() => console.log("ready"))`;
  const child = spawn(process.execPath, ["-e", script, "laboratory"], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((ready, failed) => child.stdout.once("data", ready) && child.once("exit", failed));
  const isThere = () => namespaces().includes(`signalpost-${child.pid}-`);
  assert.ok(isThere());
  child.kill("SIGKILL");
  for (let round = 0; isThere() && round < 200; round += 1) await sleep(50);
  assert.ok(!isThere(), namespaces());
});

test("a cell is judged by its path and its time", () => {
  assert.equal(possiblePath("cone", "cone"), "direct");
  assert.equal(possiblePath("fullcone", "symmetric"), "direct");
  assert.equal(possiblePath("cone", "symmetric"), "relay");
  assert.equal(possiblePath("none", "udpblocked"), "relay");
  const times = (path, ...all) => all.map((ms) => ({ ms, path }));
  const judge = (signalpost, floor) => judgeCell({ signalpost, floor }, "direct").problems.length;
  assert.equal(judge(times("direct", 60, 61, 62), times("direct", 50, 50, 50)), 0);
  assert.equal(judge(times("direct", 140, 141, 142), times("direct", 90, 90, 90)), 1);
  assert.equal(judge(times("direct", 590, 600, 610), times("direct", 500, 510, 520)), 0);
  assert.equal(judge([...times("direct", 50), ...times("relay", 50)], times("direct", 50)), 1);
  assert.equal(judge([...times("direct", 50), { error: "late" }], times("direct", 50)), 1);
});

test("a recovery is judged by what came back, when, and what was lost", () => {
  const run = { ms: 900, signalingMs: 100, replaced: [0, 0], remotePeers: [1, 1], lost: [0, 0] };
  const judge = (more, limits = { limitMs: 1000 }) => failures(limits, { ...run, ...more });
  assert.deepEqual(judge({}), []);
  assert.deepEqual(judge({ ms: 1200 }), ["1.2 s"]);
  assert.deepEqual(judge({ ms: undefined }), ["no data came again"]);
  assert.deepEqual(judge({ signalingMs: undefined }), ["signaling was not resumed"]);
  assert.deepEqual(judge({ remotePeers: [1, 2] }), ["1 and 2 remote peers"]);
  assert.deepEqual(judge({ replaced: [1, 1], lost: [3, 0] }), []);
  assert.equal(judge({ replaced: [1, 1], lost: [3, 0] }, { limitMs: Infinity, isKept: true }).length, 2);
  assert.match(recoveryText({ limitMs: 1000 }, [run, { ...run, ms: 1300 }]), /^1\.1 \/ 1\.3 \(!\)$/);
  assert.equal(missing([3, 1, 0].map((number) => ({ number }))), 1);
});

test("the stage fails where the laboratory was skipped and could have run", () => {
  assert.throws(() => judgeStage(0, true), /0 cells/);
  assert.throws(() => judgeStage(19, true), /19 cells/);
  judgeStage(20, true);
  judgeStage(0, false);
});
