// The stages that are scripts of tests/. A script that does not exist is a failure: nothing is skipped in silence.
import { existsSync, readdirSync } from "node:fs";
import { ToolError, run } from "../command.mjs";
import { inRoot } from "../paths.mjs";

const MINUTE = 60_000;

async function script(file, timeoutMs) {
  if (!existsSync(inRoot(file))) throw new ToolError(`${file} does not exist`);
  await run(process.execPath, [file], { timeoutMs });
}

/** Test files in processes of their own, one after another: the browsers' times are part of what is tested. */
const testFiles = (files, timeoutMs) =>
  run(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files], { timeoutMs });

export const architecture = () => script("tests/architecture.mjs", 5 * MINUTE);
export const operations = () => script("tests/operations/run.mjs", 10 * MINUTE);
export const harness = () => testFiles(["tests/e2e/smoke.mjs", "benches/connect/bench.test.mjs"], 2 * MINUTE);

export async function endToEnd() {
  const directory = "tests/e2e";
  const files = existsSync(inRoot(directory)) ? readdirSync(inRoot(directory)).filter((name) => name.endsWith(".test.mjs")).sort() : [];
  if (files.length === 0) throw new ToolError(`${directory} has no *.test.mjs`);
  await testFiles(files.map((name) => `${directory}/${name}`), 30 * MINUTE);
}
