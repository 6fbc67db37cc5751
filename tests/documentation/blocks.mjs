// Reads the code blocks of a Markdown document, each with its language and the line on which its text begins. A second word after the
// language is the name of a file: such a block is the text of this file and belongs to no program, and tests/packaging runs it.
import { readFileSync, readdirSync } from "node:fs";
import { inRoot } from "../../tools/paths.mjs";

/** The documents whose links are followed, and whose every code block is run, loaded or checked. */
export const documents = [
  "README.md",
  "CONTRIBUTING.md",
  "RELEASING.md",
  "SECURITY.md",
  "docs/glossary.md",
  ...readdirSync(inRoot("docs", "guides"))
    .filter((name) => name.endsWith(".md"))
    .sort()
    .map((name) => `docs/guides/${name}`),
];

export function blocksOf(document) {
  const lines = readFileSync(inRoot(document), "utf8").split("\n");
  const blocks = [];
  let open;
  for (const [at, line] of lines.entries()) {
    const fence = /^\s*(```+|~~~+)\s*(.*)$/.exec(line);
    if (open === undefined && fence) {
      const [language, file] = fence[2].trim().split(" ");
      open = { document, fence: fence[1], language, file, line: at + 2, lines: [] };
    } else if (open !== undefined && fence?.[1] === open.fence && fence[2] === "") {
      blocks.push(open);
      open = undefined;
    } else if (open !== undefined) {
      open.lines.push(line);
    }
  }
  if (open !== undefined) throw new Error(`${document}: the block of line ${open.line} has no end`);
  return blocks;
}

/** Returns the text of the block with this file name. */
export function fileOf(document, name) {
  const found = blocksOf(document).filter(({ file }) => file === name);
  if (found.length !== 1) throw new Error(`${document} has ${found.length} blocks of ${name}`);
  return `${found[0].lines.join("\n")}\n`;
}

export const where = ({ document, line }) => `${document}:${line}`;
