// `npm run bench:connect`: measures how long it takes until data can flow, compared with a floor and other libraries, in interleaved rounds.
// ROUNDS=n for fewer than 40; --write puts the tables into docs/performance.md. docs/performance.md says what is measured.
import { launchChromium, launchFirefox } from "../../tests/harness/browsers.mjs";
import { buildPackage } from "../../tools/build.mjs";
import { ToolError, main, run } from "../../tools/command.mjs";
import { inRoot } from "../../tools/paths.mjs";
import { prepareTests } from "../../tools/toolchain.mjs";
import { writeMarked } from "../marked.mjs";
import { connectOnce } from "./connection.mjs";
import { arriveOnce, summarize } from "./lan.mjs";
import { lanTable, scenarioTable } from "./report.mjs";
import { CONTENDERS, makeWorld } from "./world.mjs";

const SCENARIOS = [
  { name: "Warm, 0 ms", delayMs: 0, isCold: false, isCached: true },
  { name: "Cold, 0 ms (everything is fetched and compiled)", delayMs: 0, isCold: true, isCached: false },
  { name: "Warm, 40 ms per hop", delayMs: 40, isCold: false, isCached: true },
  { name: "Cold, 40 ms per hop (scripts and wasm in the HTTP cache)", delayMs: 40, isCold: true, isCached: true },
];

/** With more failed connections the run is worth nothing. */
const MOST_FAILURES = 5;
/** A table that takes longer has fewer rounds: the whole run ends within nine minutes. */
const MOST_MS = 100_000;

/** Runs attempts, prints each failure, and ends the run after too many of them. */
class Rounds {
  failures = 0;

  /** Calls `body(round)` for -1, which fills the caches and does not count, and then `count` times. */
  async repeat(count, body) {
    const end = Date.now() + MOST_MS;
    for (let round = -1; round < count && (round < 1 || Date.now() < end); round += 1) await body(round);
  }

  async attempt(what, body) {
    try {
      return await body();
    } catch (error) {
      this.failures += 1;
      console.error(`${what}: ${error.message}`);
      if (this.failures > MOST_FAILURES) throw new ToolError("too many connections failed", { cause: error });
      return undefined;
    }
  }
}

/** Runs the rounds; a round counts only if all contenders connected in it. */
async function runScenario(world, browsers, scenario, count, rounds) {
  await world.setDelay(scenario.delayMs);
  const results = Object.fromEntries(CONTENDERS.map(({ name }) => [name, []]));
  await rounds.repeat(count, async (round) => {
    const found = new Map();
    for (const at of CONTENDERS.keys()) {
      // The order changes each time, so that no contender always follows the same one.
      const contender = CONTENDERS[(at + Math.max(round, 0)) % CONTENDERS.length];
      const callerIsLower = (round >> 2) % 2 === 0;
      const one = () => connectOnce(world, browsers, contender, { ...scenario, callerIsLower });
      found.set(contender.name, await rounds.attempt(`${scenario.name}, ${contender.name}`, one));
    }
    if (round < 0 || [...found.values()].includes(undefined)) return;
    for (const [name, one] of found) results[name].push(one);
  });
  return `#### ${scenario.name}: ${results.floor.length} rounds\n\n${scenarioTable(results)}`;
}

async function runLan(world, pairs, count, rounds) {
  await world.setDelay(0);
  const contender = CONTENDERS.find(({ name }) => name === "signalpost");
  const found = Object.fromEntries(Object.keys(pairs).map((name) => [name, []]));
  await rounds.repeat(count, async (round) => {
    for (const [name, browsers] of Object.entries(pairs)) {
      const ends = await rounds.attempt(`LAN, ${name}`, () => arriveOnce(world, contender, browsers, round % 2 === 0));
      if (ends && round >= 0) found[name].push(ends);
    }
  });
  const rows = Object.fromEntries(Object.entries(found).map(([name, all]) => [name, summarize(all)]));
  return `#### A cold connection on a LAN, 0 ms: ${found.Firefox.length} rounds\n\n${lanTable(rows)}`;
}

async function launchPair(launch, namespace) {
  const pair = await Promise.all([launch(namespace), launch(namespace)]);
  // A browser without a tab might end, and its next tab would start more than a tab.
  for (const browser of pair) await browser.open("about:blank");
  return pair;
}

async function prepare() {
  await prepareTests();
  await buildPackage();
  await run("cargo", ["build", "--quiet", "--release", "-p", "signalpost-server"]);
}

await main(async () => {
  const count = Number(process.env.ROUNDS ?? 40);
  if (!Number.isInteger(count) || count < 1) throw new ToolError("ROUNDS must be a whole number, at least 1");
  await prepare();
  const rounds = new Rounds();
  const world = await makeWorld();
  const started = Date.now();
  const open = [];
  const pairOf = async (launch) => {
    const pair = await launchPair(launch, world.namespace);
    open.push(...pair);
    return pair;
  };
  try {
    const chromium = await pairOf(launchChromium);
    const parts = [];
    for (const scenario of SCENARIOS) parts.push(await runScenario(world, chromium, scenario, count, rounds));
    const firefox = await pairOf(launchFirefox);
    parts.push(await runLan(world, { Chromium: chromium, Firefox: firefox }, count, rounds));
    const seconds = Math.round((Date.now() - started) / 1000);
    const versions = `Chromium ${chromium[0].version}, Firefox ${firefox[0].version}`;
    parts.push(`${rounds.failures} failed connections, ${seconds} s; ${versions}.`);
    const text = parts.join("\n\n");
    console.log(text);
    if (process.argv.includes("--write")) writeMarked(inRoot("docs", "performance.md"), "connect", text);
    if (rounds.failures > 0) process.exitCode = 1;
  } finally {
    await Promise.allSettled(open.map((browser) => browser.close()));
    await world.close();
  }
});
