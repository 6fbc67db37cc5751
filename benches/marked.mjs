// Puts what a benchmark measured into a document, between the two markers with the benchmark's name.
import { readFileSync, writeFileSync } from "node:fs";

/** Returns the document with this text between the markers. */
export function replaceMarked(document, name, text) {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`no section ${begin} … ${end}`);
  return `${document.slice(0, from)}${begin}\n\n${text}\n\n${document.slice(to)}`;
}

export function writeMarked(file, name, text) {
  writeFileSync(file, replaceMarked(readFileSync(file, "utf8"), name, text));
}
