// The tables of docs/connectivity.md.
import { NAT_KINDS } from "./router.mjs";

const cells = (values) => `| ${values.join(" | ")} |`;
export const table = (head, rows) => [cells(head), cells(head.map(() => "---")), ...rows.map(cells)].join("\n");

const rounded = (ms) => Math.round(ms);
const isBad = ({ problems }) => (problems.length > 0 ? " (!)" : "");

/** Writes one cell: the path, the median of Signalpost and that of the floor. */
export const cellText = (judged) =>
  judged.ms === undefined ? "none (!)" : `${judged.path} ${rounded(judged.ms)} / ${rounded(judged.floor)}${isBad(judged)}`;

/** Writes the cells of one pair of browsers; `judged` maps "a b" to the result of a cell. */
export function matrixTable(judged) {
  const rows = NAT_KINDS.map((a) => [a, ...NAT_KINDS.map((b) => cellText(judged.get(`${a} ${b}`)))]);
  return table(["", ...NAT_KINDS], rows);
}

/** Writes what did not hold, one line each. */
export const problemList = (judged) =>
  [...judged].flatMap(([name, { problems }]) => problems.map((problem) => `- ${name}: ${problem}`)).join("\n");
