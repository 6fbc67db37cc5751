// Keeps the lines that tests/face/recorder.js writes to a page's console for tests/face.mjs, and takes them out of the page's own console.
import { appendFileSync } from "node:fs";
import path from "node:path";

const MARK = "signalpost-face ";
const known = new Set();

/** Whether the recorder wrote this line of the console. */
export function isFace(text) {
  if (!text.startsWith(MARK)) return false;
  const entry = text.slice(MARK.length);
  const directory = process.env.SIGNALPOST_FACE;
  if (directory && !known.has(entry)) {
    known.add(entry);
    appendFileSync(path.join(directory, `${process.pid}.txt`), `${entry}\n`);
  }
  return true;
}
