// Writes the tables as Markdown.
import { PHASES } from "./lan.mjs";
import { median, p95, ratioInterval } from "./statistics.mjs";

const cells = (values) => `| ${values.join(" | ")} |`;
const table = (head, rows) => [cells(head), cells(head.map(() => "---")), ...rows.map(cells)].join("\n");
const ms = (value) => value.toFixed(1);

/** A repeatable random source, so that a table depends only on its times (Park and Miller's minimal standard). */
function repeatable() {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Writes one scenario: `results` maps a contender's name to its rounds, { ms, up, down }; the first contender is the floor. */
export function scenarioTable(results) {
  const [floor] = Object.values(results).map((rounds) => rounds.map((round) => round.ms));
  const rows = Object.entries(results).map(([name, rounds], at) => {
    const times = rounds.map((round) => round.ms);
    const [low, high] = ratioInterval(times, floor, repeatable());
    const ratio = `${(median(times) / median(floor)).toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
    const typical = (direction, what) => Math.round(median(rounds.map((round) => round[direction][what])));
    const both = (what) => `${typical("up", what)} / ${typical("down", what)}`;
    return [name, ms(median(times)), ms(p95(times)), at === 0 ? "1" : ratio, both("frames"), both("bytes")];
  });
  return table(["", "median ms", "p95 ms", "ratio to the floor", "frames up / down", "bytes up / down"], rows);
}

/** Writes the phases of cold connections: `rows` maps a browser's name to the summary of lan.mjs. */
export function lanTable(rows) {
  const body = Object.entries(rows).map(([name, row]) => [name, ms(row.p50), ms(row.p95), ...PHASES.map((phase) => ms(row.shares[phase]))]);
  return table(["", "p50 ms", "p95 ms", ...PHASES], body);
}
