// All cells with TURN, for each pair of browsers.
import { judgeCell, measureCell, possiblePath } from "./cells.mjs";
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

/** Returns `{ text, problems }` of the matrix of one pair. */
export async function runMatrix(laboratory, browsers, pair, rounds) {
  const judged = await measurePair(laboratory, browsers, pair, rounds);
  const list = problemList(judged);
  const text = list ? `${matrixTable(judged)}\n\nWhat did not hold:\n\n${list}` : matrixTable(judged);
  return {
    text: `${text}\n\n${await browsers.versions()}; ${rounds} connections of each in each cell.`,
    problems: list.split("\n").filter(Boolean).length,
  };
}
