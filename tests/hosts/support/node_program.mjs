// Runs programs that use the package in a separate process, as an application in Node does.
import assert from "node:assert/strict";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { dist, root } from "../../../tools/paths.mjs";

/** The package to test: SIGNALPOST_PACKAGE, or the built one. */
export const packageDirectory = process.env.SIGNALPOST_PACKAGE ?? dist;

export const scriptUrl = pathToFileURL(path.join(packageDirectory, "signalpost.js")).href;
export const wasmFile = path.join(packageDirectory, "signalpost", "signalpost_bg.wasm");

/** The beginning of each program: `signalpost`, `bytes()`, `told(name, value)`, and how a call ended. */
const PRELUDE = `
import { readFileSync } from "node:fs";
const signalpost = await import(${JSON.stringify(scriptUrl)});
const { SignalingClient, SignalingError, initialize } = signalpost;
const bytes = () => readFileSync(${JSON.stringify(wasmFile)});
const told = {};
process.on("exit", () => console.log(JSON.stringify(told)));
process.on("unhandledRejection", (reason) => (told.unhandled ??= []).push(String(reason)));
const outcome = async (act) => {
  try {
    return { value: await act() };
  } catch (error) {
    const { code, retryable, context, name } = error;
    return { code: code ?? name, retryable, detail: context?.detail ?? String(error) };
  }
};
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
`;

/**
 * Runs a program in Node, in the namespace, until it ends by itself; answers what it told (\`told\`). Whatever keeps the process
 * alive after its last line is a failure.
 */
export async function runProgram(namespace, source, { flags = [], timeoutMs = 20_000 } = {}) {
  const program = [...flags, "--input-type=module", "--eval", PRELUDE + source];
  const { code, stdout, stderr } = await namespace.run(process.execPath, program, { cwd: root, timeout: timeoutMs });
  assert.equal(code, 0, `the program did not end by itself in ${timeoutMs} ms, or ended badly: ${stderr.slice(-500)}\n${stdout}`);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1));
}
