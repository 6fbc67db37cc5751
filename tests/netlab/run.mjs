// `npm run netlab`: runs the scenarios of the laboratory; docs/connectivity.md says what they are.
//   node tests/netlab/run.mjs                          everything; --write puts the tables into docs/connectivity.md
//   node tests/netlab/run.mjs matrix [CHROMIUM–…]      the matrix, or the pair of browsers with this name
//   node tests/netlab/run.mjs others                   two families of addresses, TURN over TLS, a slow link, no path
//   node tests/netlab/run.mjs recoveries [NAME] [--runs N] [--negotiating]
//                                                      all recoveries, or one, with all pairs of browsers
//   node tests/netlab/run.mjs cell A B [BROWSER BROWSER] [--ice stun|turn|turns] [--rounds N] [--ipv6] [--link '{"delayMs":50}']
//                                                      one cell: kinds of NAT of site a and b, and a browser at each
//   node tests/netlab/run.mjs recovery NAME [BROWSER BROWSER] [--runs N] [--negotiating] [--story]
//                                                      what a connection in use meets at site a (recoveries.mjs lists the names)
// It takes the package from dist/ and the debug build of the server.
import { parseArgs } from "node:util";
import { writeMarked } from "../../benches/marked.mjs";
import { ToolError, main } from "../../tools/command.mjs";
import { inRoot } from "../../tools/paths.mjs";
import { Browsers } from "./browsers.mjs";
import { PAIRS, judgeCell, measureCell, possiblePath } from "./cells.mjs";
import { buildLaboratory } from "./laboratory.mjs";
import { runMatrix } from "./matrix.mjs";
import { runOthers } from "./others.mjs";
import { obstacle } from "./permitted.mjs";
import { RECOVERIES } from "./recoveries.mjs";
import { recoverOnce } from "./recovery.mjs";
import { runRecoveries } from "./recovery_table.mjs";
import { SCENARIOS } from "./scenarios.mjs";
import { cellText } from "./tables.mjs";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: "boolean", default: false },
    ice: { type: "string", default: "turn" },
    rounds: { type: "string", default: "7" },
    ipv6: { type: "boolean", default: false },
    link: { type: "string" },
    runs: { type: "string", default: "1" },
    negotiating: { type: "boolean", default: false },
    story: { type: "boolean", default: false },
  },
});
const [what = "all", ...names] = positionals;
const rounds = Number(values.rounds);

/** Builds a laboratory for `body(laboratory, browsers)`, and takes it down whatever happens. */
async function withLaboratory(options, body) {
  const laboratory = await buildLaboratory(options);
  const browsers = new Browsers(laboratory);
  try {
    return await body(laboratory, browsers);
  } finally {
    await browsers.close();
    await laboratory.close();
  }
}

function tell({ text, problems }, section) {
  console.log(text);
  if (values.write) writeMarked(inRoot("docs", "connectivity.md"), section, text);
  if (problems > 0) process.exitCode = 1;
}

async function cell([a, b, first = "chromium", second = first]) {
  await withLaboratory({ isV6: values.ipv6 }, async (laboratory, browsers) => {
    if (values.link) for (const name of ["a", "b"]) await laboratory.setLink(name, JSON.parse(values.link));
    const found = await measureCell(laboratory, browsers, { nats: [a, b], kinds: [first, second], ice: values.ice, rounds });
    for (const [contender, all] of Object.entries(found)) {
      for (const one of all) {
        console.log(
          contender.padEnd(10),
          one.error ?? `${one.ms.toFixed(1).padStart(7)} ms  ${one.path.padEnd(6)}  ${one.owns.join("  ")}`,
        );
      }
    }
    const judged = judgeCell(found, possiblePath(a, b));
    console.log(cellText(judged), judged.problems.join("; "));
    if (judged.problems.length > 0) process.exitCode = 1;
  });
}

async function matrix([wanted]) {
  const pairs = PAIRS.filter(({ name }) => wanted === undefined || name === wanted);
  if (pairs.length === 0) throw new ToolError(`the pairs are ${PAIRS.map(({ name }) => name).join(", ")}`);
  await withLaboratory({}, async (laboratory, browsers) => {
    for (const pair of pairs) tell(await runMatrix(laboratory, browsers, pair, rounds), pair.section);
  });
}

const others = async () => tell(await runOthers(withLaboratory, rounds), "others");

async function recoveries([first = "all"]) {
  const names = Object.keys(RECOVERIES).filter((name) => first === "all" || name === first);
  const given = { names, count: Number(values.runs), isNegotiating: values.negotiating };
  tell(await runRecoveries(withLaboratory, given), `recoveries${values.negotiating ? "-negotiating" : ""}`);
}

const seconds = (ms) => (ms === undefined ? "never" : `${(ms / 1000).toFixed(2)} s`);

async function recovery([name, first = "chromium", second = first]) {
  if (!RECOVERIES[name]) throw new ToolError(`the recoveries are ${Object.keys(RECOVERIES).join(", ")}`);
  await withLaboratory({}, async (laboratory, browsers) => {
    const tabs = await Promise.all((await browsers.pair(first, second)).map((browser) => browser.open()));
    for (let run = 0; run < Number(values.runs); run += 1) {
      const [one] = await recoverOnce(laboratory, [{ name, tabs }], name, { isNegotiating: values.negotiating });
      const { ms, signalingMs, replaced, remotePeers, lost, story } = one;
      const counts = `new connections ${replaced.join("+")}, remote peers ${remotePeers.join("+")}, lost messages ${lost.join("+")}`;
      console.log(`${name} ${first} ${second}: data after ${seconds(ms)}, signaling after ${seconds(signalingMs)}; ${counts}`);
      if (values.story) for (const [at, lines] of story.entries()) console.log(`  ${"ab"[at]}: ${lines.join(" | ")}`);
      if (!(ms <= RECOVERIES[name].limitMs)) process.exitCode = 1;
    }
  });
}

async function all() {
  await matrix([]);
  await others();
  await recoveries([]);
}

const COMMANDS = { all, matrix, others, recoveries, cell, recovery };

await main(async () => {
  const missing = obstacle();
  if (missing) throw new ToolError(missing);
  if (!SCENARIOS.includes(what)) throw new ToolError(`no scenario is called ${what}: ${SCENARIOS.join(", ")}`);
  await COMMANDS[what](names);
});
