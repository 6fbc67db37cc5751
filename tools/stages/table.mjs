// The stages of `npm test`, in their order. A stage whose needs failed does not run, and counts as failed.
import { buildPackage } from "../build.mjs";
import { chaos } from "../chaos.mjs";
import { run } from "../command.mjs";
import { fuzzShortly } from "../fuzz.mjs";
import { prepareTests } from "../toolchain.mjs";
import { netlab } from "./netlab.mjs";
import { docs, format, lint, native } from "./rust.mjs";
import { architecture, documentation, endToEnd, face, harness, hosts, operations, packaging } from "./scripts.mjs";
import { shell } from "./shell.mjs";

async function build() {
  await buildPackage();
  await run("cargo", ["build", "--quiet", "-p", "signalpost-server"]);
}

export const stages = [
  { name: "toolchain", needs: [], run: prepareTests },
  { name: "format", needs: ["toolchain"], run: format },
  { name: "lint", needs: ["toolchain"], run: lint },
  { name: "native", needs: ["toolchain"], run: native },
  { name: "chaos", needs: ["toolchain"], run: chaos },
  { name: "fuzz", needs: ["toolchain"], run: fuzzShortly },
  { name: "architecture", needs: ["toolchain"], run: architecture },
  { name: "docs", needs: ["toolchain"], run: docs },
  { name: "build", needs: ["toolchain"], run: build },
  { name: "shell-chromium", needs: ["toolchain"], run: () => shell("chromium") },
  { name: "shell-firefox", needs: ["toolchain"], run: () => shell("firefox") },
  { name: "harness", needs: ["toolchain"], run: harness },
  { name: "operations", needs: ["build"], run: operations },
  { name: "packaging", needs: ["build"], run: packaging },
  { name: "hosts", needs: ["build"], run: hosts },
  { name: "documentation", needs: ["build"], run: documentation },
  { name: "e2e", needs: ["build"], run: endToEnd },
  { name: "netlab", needs: ["build"], run: netlab },
  { name: "face", needs: ["e2e"], run: face },
];
