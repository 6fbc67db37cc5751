// All code blocks of one document, one after the other, are one program: later blocks use what a block declares. The program
// has the line numbers of the document.
import { transform } from "esbuild";

export const CODE = new Set(["js", "ts"]);

/** Whether the block is a part of its document's program, and not a separate file. */
export const isProgram = ({ language, file }) => CODE.has(language) && file === undefined;

/** The language of a program for Node; each block is a separate program. */
export const NODE_CODE = "mjs";

/** Returns the program as it is written, for the compiler. */
export function sourceOf(blocks) {
  const lines = ["export {};"];
  for (const block of blocks.filter(isProgram)) {
    // The program has one line more than the document: the line above.
    while (lines.length < block.line) lines.push("");
    lines.push(...block.lines);
  }
  return lines.join("\n");
}

/** Matches `value; // → expected`: an expression at the end of a line, and the value that it has or gets. */
const CLAIM = /^(\s*)(.+);\s*\/\/ → (.+)$/;

/**
 * Returns the program to run where "signalpost" can be imported, and the lines whose claims must hold at some moment. Both sides wait for a claim at the
 * beginning of a line, because the next line of one side may remove what the other side has not seen yet. A claim inside a function is checked when
 * the function runs.
 */
export async function withClaims(source) {
  const claims = [];
  const lines = source.split("\n").map((line, at) => {
    const claim = CLAIM.exec(line);
    if (!claim) return line;
    const [, indent, expression, expected] = claim;
    claims.push(at);
    return `${indent}${indent === "" ? "await " : ""}__claim(${at}, async () => (${expression}), () => (${expected}), ${indent === ""});`;
  });
  const { code } = await transform(`declare const __claim: any;\n${lines.join("\n")}\n`, { loader: "ts", format: "esm", target: "es2022" });
  return { code: `${code}\nwindow.documentation.end = () => client.close();\nwindow.documentation.isDone = true;`, claims };
}

/** Returns the program with the addresses of the test's server. */
export const connectedTo = (address, code) => code.replace(/"wss?:\/\/[^"]*\/signal"/g, JSON.stringify(address));

/** Returns the program to run without a bundler, in a page of the server. */
export async function runnable(source) {
  const { code, claims } = await withClaims(source);
  return { code: connectedTo("/signal", code).replaceAll('from "signalpost"', 'from "/package/signalpost.js"'), claims };
}

/** The source of what a program needs in a page. */
export const HARNESS = `
  window.documentation = { isDone: false, held: [], released: new Set(), problems: [] };
  addEventListener("error", ({ message }) => documentation.problems.push(message));
  addEventListener("unhandledrejection", ({ reason }) => documentation.problems.push(String(reason)));
  window.__claim = async (line, value, expected, isForBoth) => {
    const wanted = JSON.stringify(expected()) ?? "undefined";
    const end = performance.now() + 15000;
    let got;
    do {
      got = JSON.stringify(await value()) ?? "undefined";
      if (got === wanted) {
        documentation.held.push(line);
        while (isForBoth && !documentation.released.has(line)) await new Promise((done) => setTimeout(done, 10));
        return;
      }
      await new Promise((done) => setTimeout(done, 20));
    } while (performance.now() < end);
    documentation.problems.push("line " + line + ": it is " + got + ", said to be " + wanted);
  };
`;
