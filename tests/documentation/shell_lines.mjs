// What the documents tell a reader to type must exist: scripts of package.json, stages of `npm test`, crates, test files, flags of the server.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { stages } from "../../tools/stages/table.mjs";
import { inRoot } from "../../tools/paths.mjs";
import { serverBinary } from "../harness/server.mjs";
import { KINDS as BROWSERS } from "../netlab/browsers.mjs";
import { NAT_KINDS } from "../netlab/router.mjs";
import { SCENARIOS } from "../netlab/scenarios.mjs";

const { scripts, name: packageName, version } = JSON.parse(readFileSync(inRoot("package.json"), "utf8"));
let help;
const serverHelp = () => (help ??= execFileSync(serverBinary(), ["--help"], { encoding: "utf8" }));

function hasFlags(words) {
  for (const flag of words.match(/--[\w-]+/g)) assert.match(serverHelp(), new RegExp(`\\s${flag}\\b`), `the server has no ${flag}`);
}

const COMMANDS = [
  [/^npm (start|test)$/, (script) => assert.ok(scripts[script], `there is no npm ${script}`)],
  [
    /^npm test -- ([\w -]+)$/,
    (names) => {
      const known = stages.map(({ name }) => name);
      for (const name of names.split(" ")) assert.ok(known.includes(name), `there is no stage ${name}`);
    },
  ],
  [/^npm start -- (.+)$/, (words) => hasFlags(words)],
  [/^npm run ([\w:]+)$/, (script) => assert.ok(scripts[script], `there is no npm run ${script}`)],
  [
    /^npm run chaos -- (.+)$/,
    (words) => {
      const options = readFileSync(inRoot("crates/chaos/src/options.rs"), "utf8");
      for (const [, flag] of words.matchAll(/--([\w-]+)/g)) {
        assert.match(options, new RegExp(`pub ${flag.replaceAll("-", "_")}:`), `chaos has no --${flag}`);
      }
    },
  ],
  [
    /^npm run netlab -- (.+)$/,
    (words) => {
      const known = [...SCENARIOS, ...NAT_KINDS, ...BROWSERS];
      for (const word of words.split(" ")) assert.ok(known.includes(word), `the laboratory has no ${word}`);
    },
  ],
  [/^node --test (\S+)$/, (file) => assert.ok(existsSync(inRoot(file)), `there is no ${file}`)],
  [
    /^cargo test -p signalpost-([\w-]+)$/,
    (crate) => assert.ok(existsSync(inRoot("crates", crate, "Cargo.toml")), `there is no crate signalpost-${crate}`),
  ],
  [
    /^cargo run -p signalpost-core --example (\w+)$/,
    (example) => assert.ok(existsSync(inRoot("crates", "core", "examples", `${example}.rs`)), `there is no example ${example}`),
  ],
  [/^npm (pack)$/, () => assert.ok(scripts.prepack, "npm pack would not build")],
  [/^npm install \S+\/([\w.-]+\.tgz)$/, (file) => assert.equal(file, `${packageName}-${version}.tgz`)],
  [/^cargo run --release -p signalpost-server -- (.+)$/, (words) => hasFlags(words)],
  [
    /^curl (?:-X \w+ )?"http:\/\/127\.0\.0\.1:8788(\/\w+)\?.*"$/,
    (path) => assert.match(serverHelp(), new RegExp(`${path}\\b`), `the server's help does not know ${path}`),
  ],
];

/** Checks one line; an unknown command fails. */
export function checkShellLine(line) {
  const command = line
    .replace(/(^|\s)#.*$/, "")
    .trim()
    .replace(/^PORT=\d+ (?=npm start)/, "");
  if (command === "") return;
  const known = COMMANDS.find(([pattern]) => pattern.test(command));
  assert.ok(known, `nothing checks the command "${command}"`);
  known[1](known[0].exec(command)[1]);
}
