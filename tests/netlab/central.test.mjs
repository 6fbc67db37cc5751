// The central cells: each kind of NAT and each pair of browsers connects, on the best path that there is.
import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { Browsers } from "./browsers.mjs";
import { PAIRS, possiblePath } from "./cells.mjs";
import { connectOnce } from "./connection.mjs";
import { buildLaboratory } from "./laboratory.mjs";
import { obstacle } from "./permitted.mjs";
import { recoverOnce } from "./recovery.mjs";

const skip = obstacle() ?? false;
const CELLS = [
  ["none", "none", "chromium", "chromium"],
  ["cone", "cone", "chromium", "chromium"],
  ["cone", "symmetric", "chromium", "chromium"],
  ["fullcone", "symmetric", "chromium", "chromium"],
  ["symmetric", "symmetric", "chromium", "chromium"],
  ["udpblocked", "udpblocked", "chromium", "chromium"],
  ["cone", "fullcone", "firefox", "firefox"],
  ["symmetric", "symmetric", "firefox", "firefox"],
  ["udpblocked", "cone", "firefox", "firefox"],
  ["cone", "cone", "chromium", "firefox"],
  ["symmetric", "udpblocked", "chromium", "firefox"],
];

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

/** Tells the stage that a cell ran: a laboratory that is skipped where it could run is a failure. */
const note = (name) => process.env.SIGNALPOST_NETLAB && appendFileSync(process.env.SIGNALPOST_NETLAB, `${name}\n`);

/** Connects in fresh pages from site a to site b. */
async function connect(kinds, rtc) {
  const tabs = await Promise.all((await browsers.pair(...kinds)).map((browser) => browser.open()));
  try {
    return await connectOnce(laboratory.servers, tabs, { contender: "signalpost", rtc });
  } finally {
    for (const tab of tabs) await tab.close();
  }
}

for (const [a, b, ...kinds] of CELLS) {
  test(`${kinds.join(" and ")} connect: ${a} and ${b}`, { skip, timeout: 60_000 }, async (t) => {
    laboratory.setNats(a, b);
    const { ms, owns, path } = await connect(kinds, { iceServers: laboratory.servers.iceServers.turn });
    t.diagnostic(`${ms.toFixed(0)} ms, ${owns.join(" ")}`);
    assert.equal(path, possiblePath(a, b));
    note(t.name);
  });
}

test("a link of 100 ms each way and 1 % loss connects in time", { skip, timeout: 60_000 }, async (t) => {
  laboratory.setNats("cone", "cone");
  await laboratory.setLink("a", { delayMs: 100, jitterMs: 10, lossPercent: 1, kilobitsPerSecond: 5000 });
  const { ms, path } = await connect(["chromium", "firefox"], { iceServers: laboratory.servers.iceServers.turn });
  await laboratory.setLink("a");
  t.diagnostic(`${ms.toFixed(0)} ms`);
  assert.equal(path, "direct");
  assert.ok(ms > 600, `${ms} ms: at least three round trips`);
  note(t.name);
});

test("another uplink without a gap: data flows again in each pair, under one remote peer", { skip, timeout: 120_000 }, async (t) => {
  const tabs = new Map();
  const tab = async (site, kind) => {
    const key = `${site} ${kind}`;
    if (!tabs.has(key)) tabs.set(key, await (await browsers.at(site, kind)).open());
    return tabs.get(key);
  };
  const pairs = [];
  for (const { name, kinds } of PAIRS) pairs.push({ name, tabs: [await tab("a", kinds[0]), await tab("b", kinds[1])] });
  const results = await recoverOnce(laboratory, pairs, "swap-no-gap");
  for (const [at, { ms, signalingMs, remotePeers, story }] of results.entries()) {
    t.diagnostic(`${pairs[at].name}: data after ${ms} ms, signaling after ${signalingMs} ms`);
    assert.ok(ms !== undefined && signalingMs !== undefined, story.flat().join("\n"));
    assert.deepEqual(remotePeers, [1, 1]);
  }
  note(t.name);
});
