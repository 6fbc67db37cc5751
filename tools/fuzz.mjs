// `npm run fuzz [-- TARGET...] [--seconds N]`: feeds the decoders, the server's session and the core with inputs that libFuzzer makes up.
// An input that fails is kept in fuzz/artifacts; `npm run fuzz -- TARGET --input FILE` runs it again.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { ToolError, capture, main, run } from "./command.mjs";
import { temporaryDirectory } from "../tests/harness/cleanup.mjs";
import { inRoot } from "./paths.mjs";

const TARGETS = ["decode", "session", "core"];
const directory = inRoot("fuzz");

/** The flags that `cargo fuzz` passes to rustc, without the sanitizer, which needs a nightly compiler: the fuzzed crates forbid `unsafe`. */
const COVERAGE = [
  "-Cpasses=sancov-module",
  ...["-level=4", "-inline-8bit-counters", "-pc-table", "-trace-compares"].map((option) => `-Cllvm-args=-sanitizer-coverage${option}`),
  "-Ccodegen-units=1",
];

/** Builds the targets and returns their directory. */
async function build() {
  const { stdout } = await capture("rustc", ["--print", "host-tuple"]);
  const host = stdout.trim();
  if (host === "") throw new ToolError("rustc does not name its host");
  const target = path.join(directory, "target");
  // Naming the target keeps build scripts and macros from being instrumented; the directory is not the one of the product.
  const args = ["build", "--quiet", "--release", "--target", host, "--target-dir", target];
  await run("cargo", args, { cwd: directory, env: { CARGO_ENCODED_RUSTFLAGS: COVERAGE.join("\x1f") } });
  writeVectors(seedsOf("decode"));
  writeDictionary();
  return path.join(target, host, "release");
}

/** Writes the golden vectors as seeds of the decoders. */
function writeVectors(into) {
  mkdirSync(into, { recursive: true });
  const vectors = (name) => JSON.parse(readFileSync(inRoot("tests", "vectors", name), "utf8"));
  const texts = [
    ...vectors("messages.json").map(({ text, frame }) => text ?? JSON.stringify(frame)),
    ...vectors("candidates.json").map(({ line }) => line),
  ];
  for (const [at, text] of texts.entries()) writeFileSync(path.join(into, `vector-${at}`), text);
}

const dictionary = path.join(directory, "corpus", "wire.dict");

/** Words for libFuzzer: the names of types and fields, as they are declared, and those of `fuzz/grammar.dict`. */
function writeDictionary() {
  const declared = (name, pattern) =>
    [...readFileSync(inRoot("crates", "protocol", "src", name), "utf8").matchAll(pattern)].map(([, word]) => word);
  const kinds = declared("kind.rs", /^ {4}\w+ = "([a-z-]+)",/gm);
  const fields = declared("envelope.rs", /^ {12}\w+: .* = "(\w+)"(?: from client)?,?$/gm);
  if (kinds.length < 20 || fields.length < 30) throw new ToolError("the declarations of types and fields look otherwise than expected");
  const words = [...kinds.map((kind) => `"\\"${kind}\\""`), ...new Set(fields.map((field) => `"\\"${field}\\":"`))];
  writeFileSync(dictionary, [...words, readFileSync(path.join(directory, "grammar.dict"), "utf8")].join("\n"));
}

const seedsOf = (target) => (target === "decode" ? path.join(directory, "corpus", "vectors") : path.join(directory, "seeds", target));

/** Returns libFuzzer's last words: how much of the code it reached and how many inputs it tried. */
function summary({ stdout, stderr }) {
  const text = stdout + stderr;
  const covered = [...text.matchAll(/ cov: (\d+) /g)].at(-1)?.[1];
  const runs = /Done (\d+) runs in (\d+) second/.exec(text);
  return covered && runs && `${runs[1]} inputs in ${runs[2]} s, ${covered} places reached`;
}

async function fuzz(program, target, corpus, options) {
  const [seeds, artifacts] = [seedsOf(target), path.join(directory, "artifacts", target)];
  for (const made of [corpus, artifacts]) mkdirSync(made, { recursive: true });
  if (readdirSync(seeds).length === 0) throw new ToolError(`${seeds} is empty`);
  const always = ["-max_len=8192", "-timeout=20", `-dict=${dictionary}`, `-artifact_prefix=${artifacts}/`];
  const outcome = await capture(program, [...always, ...options, corpus, seeds], { cwd: directory });
  if (outcome.code !== 0) throw new ToolError(`${target}:\n${outcome.stderr.slice(-6000)}`);
  const told = summary(outcome);
  // A target without instrumentation would run too, and find nothing.
  if (!told) throw new ToolError(`${target}: no coverage was measured\n${outcome.stderr.slice(-2000)}`);
  console.log(`${target}: ${told}`);
}

/** Runs each target for that many seconds, from where its last run ended. */
async function fuzzOn(targets, seconds) {
  const built = await build();
  for (const target of targets) {
    await fuzz(path.join(built, target), target, path.join(directory, "corpus", target), [`-max_total_time=${seconds}`]);
  }
}

/** The short run of `npm test`: the same inputs in the same order each time, until the time is over. */
export async function fuzzShortly() {
  const built = await build();
  const { directory: corpora, remove } = temporaryDirectory();
  try {
    for (const target of TARGETS)
      await fuzz(path.join(built, target), target, path.join(corpora, target), ["-seed=1", "-max_total_time=10"]);
  } finally {
    remove();
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { seconds: { type: "string", default: "60" }, input: { type: "string" } },
    });
    const unknown = positionals.find((name) => !TARGETS.includes(name));
    if (unknown !== undefined) throw new ToolError(`there is no target "${unknown}"; the targets are: ${TARGETS.join(", ")}`);
    const targets = positionals.length > 0 ? positionals : TARGETS;
    if (values.input === undefined) return fuzzOn(targets, Number(values.seconds));
    if (targets.length !== 1 || !existsSync(values.input)) throw new ToolError("--input needs one target and a file that exists");
    await run(path.join(await build(), targets[0]), [path.resolve(values.input)]);
  });
}
