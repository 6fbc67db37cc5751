// The stages that are scripts of tests/. A script that does not exist fails its stage: nothing is skipped in silence.
import { existsSync, readdirSync } from "node:fs";
import { ToolError, run } from "../command.mjs";
import { inRoot } from "../paths.mjs";
import { installLocked } from "../toolchain.mjs";

const MINUTE = 60_000;

async function script(file, timeoutMs) {
  if (!existsSync(inRoot(file))) throw new ToolError(`${file} does not exist`);
  await run(process.execPath, [file], { timeoutMs });
}

/** Runs test files in processes of their own, one after another: the browsers' times are part of what is tested. */
const testFiles = (files, timeoutMs, env = {}) =>
  run(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files], {
    timeoutMs,
    env: { ...process.env, ...env },
  });

export const architecture = () => script("tests/architecture.mjs", 5 * MINUTE);
export const operations = () => script("tests/operations/run.mjs", 10 * MINUTE);
export const harness = () =>
  testFiles(
    ["tests/e2e/smoke.mjs", "tests/harness/fault_proxy.test.mjs", "benches/connect/bench.test.mjs", "benches/relay/bench.test.mjs"],
    2 * MINUTE,
  );

function testsIn(directory) {
  const files = existsSync(inRoot(directory))
    ? readdirSync(inRoot(directory))
        .filter((name) => name.endsWith(".test.mjs"))
        .sort()
    : [];
  if (files.length === 0) throw new ToolError(`${directory} has no *.test.mjs`);
  return files.map((name) => `${directory}/${name}`);
}

/** Tries the package in the bundlers of tests/packaging/package.json, and installs those that are missing. */
export async function packaging() {
  await installLocked("tests/packaging");
  await testFiles(testsIn("tests/packaging"), 5 * MINUTE);
}

/** Tries the package in hosts other than a page. */
export const hosts = () => testFiles(testsIn("tests/hosts"), 5 * MINUTE);
export const documentation = () => testFiles(testsIn("tests/documentation"), 10 * MINUTE);
export async function endToEnd() {
  const { makeRecordedPackage } = await import("../../tests/face/package.mjs"); // Its packages are there after the toolchain stage.
  await testFiles(testsIn("tests/e2e"), 30 * MINUTE, makeRecordedPackage());
}

/** Checks that the pages of `endToEnd` used all of the public face. */
export const face = () => testFiles(["tests/face.mjs"], MINUTE);
