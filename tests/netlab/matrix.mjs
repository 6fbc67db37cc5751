// All cells with TURN, for each pair of browsers.
import { PAIRS, judgeCell, measureCell, possiblePath } from "./cells.mjs";
import { NAT_KINDS } from "./router.mjs";
import { cellText, matrixTable, problemList } from "./tables.mjs";

/** Measures all cells of one pair of browsers; returns a map from "a b" to what `judgeCell` returns. */
export async function measurePair(laboratory, browsers, { name, kinds }, rounds) {
  const judged = new Map();
  for (const a of NAT_KINDS) {
    for (const b of NAT_KINDS) {
      const found = await measureCell(laboratory, browsers, { nats: [a, b], kinds, rounds });
      const one = judgeCell(found, possiblePath(a, b));
      judged.set(`${a} ${b}`, one);
      console.log(`${name}, ${a} ${b}: ${cellText(one)}`);
    }
  }
  return judged;
}

/** Returns `{ text, problems }` of the whole matrix, or of the pairs whose browsers are named. */
export async function runMatrix(laboratory, browsers, { rounds, pairs = PAIRS }) {
  const parts = [];
  let problems = 0;
  for (const pair of pairs) {
    const judged = await measurePair(laboratory, browsers, pair, rounds);
    const list = problemList(judged);
    problems += [...judged.values()].filter((one) => one.problems.length > 0).length;
    parts.push(`#### ${pair.name}`, matrixTable(judged), ...(list ? [`What did not hold:\n\n${list}`] : []));
  }
  return { text: parts.join("\n\n"), problems };
}
