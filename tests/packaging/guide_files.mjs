// The files that the guides show for bundlers. The stage `packaging` runs them as they are written there.
import { fileOf } from "../documentation/blocks.mjs";

const START = "docs/guides/start.md";

/** Each file: its document and its name. */
export const FILES = [
  [START, "vite.config.js"],
  [START, "address.js"],
  [START, "rollup.config.js"],
  [START, "esbuild.sh"],
];

/** Returns the text of a file of the guides. */
export function guideFile(name) {
  const found = FILES.find(([, file]) => file === name);
  if (found === undefined) throw new Error(`${name} is not a file of the guides`);
  return fileOf(...found);
}
