// Runs each recovery several times with each pair of browsers, and writes the table.
import { median, p95 } from "../../benches/connect/statistics.mjs";
import { KINDS } from "./browsers.mjs";
import { RECOVERIES } from "./recoveries.mjs";
import { recoverOnce } from "./recovery.mjs";
import { table } from "./tables.mjs";

/** The pairs, the browser at site a first: there the fault is. */
const PAIRS = [
  { name: "Chromium, Chromium", kinds: ["chromium", "chromium"] },
  { name: "Firefox, Firefox", kinds: ["firefox", "firefox"] },
  { name: "Chromium, Firefox", kinds: ["chromium", "firefox"] },
  { name: "Firefox, Chromium", kinds: ["firefox", "chromium"] },
];

/** Returns what did not hold in one run. */
export function failures({ limitMs, isKept }, { ms, signalingMs, replaced, remotePeers, lost }) {
  const found = [];
  if (ms === undefined) found.push("no data came again");
  if (signalingMs === undefined) found.push("signaling was not resumed");
  if (remotePeers.some((count) => count !== 1)) found.push(`${remotePeers.join(" and ")} remote peers`);
  if (isKept && replaced.some((count) => count > 0)) found.push(`${replaced.join(" and ")} new connections`);
  if (isKept && lost.some((count) => count > 0)) found.push(`${lost.join(" and ")} lost messages`);
  return ms > limitMs && found.length === 0 ? [`${(ms / 1000).toFixed(1)} s`] : found;
}

const limitText = ({ limitMs }) => (Number.isFinite(limitMs) ? String(limitMs / 1000) : "nothing lost");
const seconds = (ms) => (ms / 1000).toFixed(1);

/** Writes one cell: median and 95th percentile in seconds, the new connections of both sides, and what did not hold. */
export function recoveryText(recovery, runs) {
  const times = runs.map(({ ms }) => ms).filter((ms) => ms !== undefined);
  if (times.length === 0) return "never (!)";
  const anew = Math.max(...runs.flatMap(({ replaced }) => replaced));
  const isSlow = p95(times) > recovery.limitMs;
  const wrong = runs.flatMap((run) => failures({ ...recovery, limitMs: Infinity }, run));
  const what = [...new Set(wrong)].map((one) => ` (! ${one}: ${wrong.filter((other) => other === one).length} of ${runs.length})`).join("");
  return `${seconds(median(times))} / ${seconds(p95(times))}${anew > 0 ? ", new" : ""}${isSlow ? " (!)" : ""}${what}`;
}

/**
 * Returns `{ text, problems }` of the recoveries with these names. All pairs of browsers meet each fault together: one page of each browser at
 * each site.
 */
export async function runRecoveries(withLaboratory, { names, count, isNegotiating }) {
  return withLaboratory({}, async (laboratory, browsers) => {
    const tabs = new Map();
    for (const site of ["a", "b"]) {
      for (const kind of KINDS) tabs.set(`${site} ${kind}`, await (await browsers.at(site, kind)).open());
    }
    const pairs = PAIRS.map(({ name, kinds: [a, b] }) => ({ name, tabs: [tabs.get(`a ${a}`), tabs.get(`b ${b}`)] }));
    const rows = [];
    for (const name of names) {
      const runs = [];
      for (let run = 0; run < count; run += 1) {
        runs.push(await recoverOnce(laboratory, pairs, name, { isNegotiating }));
        console.log(
          `${name} ${run + 1}: ${runs
            .at(-1)
            .map(({ ms, replaced }) => `${ms} ms ${replaced}`)
            .join(", ")}`,
        );
      }
      rows.push([
        name,
        limitText(RECOVERIES[name]),
        ...pairs.map((_, at) =>
          recoveryText(
            RECOVERIES[name],
            runs.map((run) => run[at]),
          ),
        ),
      ]);
      console.log(rows.at(-1).join(" | "));
    }
    const text = table(["", "limit", ...PAIRS.map((pair) => pair.name)], rows);
    const problems = rows.flat().filter((cell) => cell.includes("!")).length;
    return { text: `${text}\n\n${await browsers.versions()}; ${count} runs of each.`, problems };
  });
}
