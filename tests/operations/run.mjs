// Runs the operation script in real Chromium and real Firefox; crates/simulation/tests/operations.rs runs it on the model.
//   node tests/operations/run.mjs [chromium|firefox] [--case "part of a name"]
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { launchChromium, launchFirefox } from "../harness/browsers.mjs";
import { makeNamespace } from "../harness/namespace.mjs";
import { disagreements } from "./compare.mjs";
import { runOperations } from "./runner.js";

const LAUNCH = { chromium: launchChromium, firefox: launchFirefox };

const { values, positionals } = parseArgs({ allowPositionals: true, options: { case: { type: "string" } } });
const script = JSON.parse(readFileSync(new URL("script.json", import.meta.url), "utf8"));
script.cases = script.cases.filter(({ name }) => name.includes(values.case ?? ""));
if (script.cases.length === 0) throw new Error(`no case has "${values.case}" in its name`);

async function run(namespace, kind) {
  const browser = await LAUNCH[kind](namespace);
  try {
    const page = await browser.open("about:blank");
    const results = await page.evaluate(runOperations, script, { timeoutMs: 115_000 });
    const found = disagreements(script, kind, results);
    console.log(`${kind} ${browser.version}: ${script.cases.length} cases, ${found.length} disagreements`);
    return found;
  } finally {
    await browser.close();
  }
}

const namespace = await makeNamespace();
const kinds = positionals.length > 0 ? positionals : Object.keys(LAUNCH);
let found = 0;
for (const kind of kinds) {
  for (const { browser, case: name, step, field, expected, observed, message } of await run(namespace, kind)) {
    found += 1;
    console.log(
      `\n${browser} | ${name} | step ${step} | ${field}\n  expected ${JSON.stringify(expected)}\n  observed ${JSON.stringify(observed)}`,
    );
    if (message) console.log(`  message  ${message}`);
  }
}
namespace.remove();
process.exit(found === 0 ? 0 : 1);
