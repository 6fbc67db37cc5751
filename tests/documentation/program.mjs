// All code blocks of one document, one after the other, are one program: what a block declares, the next ones use. Its lines
// are those of the document.
import { transform } from "esbuild";

export const CODE = new Set(["js", "ts"]);

/** The program as it is written: for the compiler. */
export function sourceOf(blocks) {
  const lines = ["export {};"];
  for (const block of blocks.filter(({ language }) => CODE.has(language))) {
    // One line more than the document, for the one above.
    while (lines.length < block.line) lines.push("");
    lines.push(...block.lines);
  }
  return lines.join("\n");
}

/** `value; // → expected`: an expression, at the end of a line, and what it is or becomes. */
const CLAIM = /^(\s*)(.+);\s*\/\/ → (.+)$/;

/**
 * The program as it is run, and the lines whose claims must have been seen to hold. A claim at the beginning of a line is waited
 * for; one inside a function is checked when the function runs.
 */
export async function runnable(source) {
  const claims = [];
  const lines = source.split("\n").map((line, at) => {
    const claim = CLAIM.exec(line);
    if (!claim) return line;
    const [, indent, expression, expected] = claim;
    claims.push(at);
    return `${indent}${indent === "" ? "await " : ""}__claim(${at}, async () => (${expression}), () => (${expected}));`;
  });
  const { code } = await transform(`declare const __claim: any;\n${lines.join("\n")}\n`, { loader: "ts", format: "esm", target: "es2022" });
  const located = code
    .replaceAll('from "signalpost"', 'from "/package/signalpost.js"')
    .replace(/"wss?:\/\/[^"]*\/signal"/g, '"/signal"');
  return { code: `${located}\nwindow.documentation.isDone = true;`, claims };
}

/** In a page: what the program needs. */
export const HARNESS = `
  window.documentation = { isDone: false, held: [], problems: [] };
  addEventListener("error", ({ message }) => documentation.problems.push(message));
  addEventListener("unhandledrejection", ({ reason }) => documentation.problems.push(String(reason)));
  window.__claim = async (line, value, expected) => {
    const wanted = JSON.stringify(expected()) ?? "undefined";
    const end = performance.now() + 15000;
    let got;
    do {
      got = JSON.stringify(await value()) ?? "undefined";
      if (got === wanted) return documentation.held.push(line);
      await new Promise((done) => setTimeout(done, 20));
    } while (performance.now() < end);
    documentation.problems.push("line " + line + ": it is " + got + ", said to be " + wanted);
  };
`;
