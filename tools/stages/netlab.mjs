// The stage of the network laboratory: it may be skipped only where no network namespace can be made.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { ToolError, run } from "../command.mjs";
import { inRoot } from "../paths.mjs";

/** The fewest cells that have to run. */
const CELLS = 20;
const LIMIT_MS = 10 * 60_000;

/** Whether a network namespace can be made: tried, and not asked of the tests, whose mistake this stage has to find. */
const canMakeNamespaces = () => spawnSync("unshare", ["--net", "true"], { stdio: "ignore" }).status === 0;

/** Throws if fewer cells ran than have to, unless there can be no laboratory. */
export function judge(cells, isPossible) {
  if (!isPossible) console.log("SKIPPED: netlab: no network namespace can be made here, so no connection was tried across a NAT");
  else if (cells < CELLS) throw new ToolError(`${cells} cells of the laboratory ran, though network namespaces can be made here`);
}

export async function netlab() {
  const directory = mkdtempSync(path.join(os.tmpdir(), "signalpost-netlab-"));
  const notes = path.join(directory, "cells");
  writeFileSync(notes, "");
  try {
    const names = readdirSync(inRoot("tests", "netlab")).filter((name) => name.endsWith(".test.mjs"));
    const files = names.map((name) => `tests/netlab/${name}`);
    const args = ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files];
    await run(process.execPath, args, { timeoutMs: LIMIT_MS, env: { ...process.env, SIGNALPOST_NETLAB: notes } });
    judge(readFileSync(notes, "utf8").split("\n").filter(Boolean).length, canMakeNamespaces());
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
