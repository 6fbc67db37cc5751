// `npm run soak [-- SECONDS] [--seed FIRST]`: runs random stories (crates/simulation/src/story) for that time (60 s by default) and prints
// what became of every message. The first seed that fails ends the run; its last lines and the command that repeats it are printed.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { ToolError, capture, main, run } from "./command.mjs";
import { inRoot } from "./paths.mjs";

/** From this seed on, stories draw from every kind of transition (crates/simulation/src/story/mod.rs). */
const WITH_STORMS = 2_000_000;
/** How many seeds one process runs: about a second. */
const BATCH = 100;
/** Time between two lines of progress, in milliseconds. */
const PROGRESS_MS = 10_000;
const COUNTS = ["seeds", "sent", "delivered", "voided", "ended", "lost", "doubled", "reordered"];

function add(into, more) {
  for (const [name, count] of Object.entries(more)) into[name] = (into[name] ?? 0) + count;
}

function describe(totals, started) {
  const seconds = Math.round((performance.now() - started) / 1000);
  const { seeds, sent, delivered, voided, ended, lost, doubled, reordered } = totals;
  return (
    `${seconds} s: ${seeds} seeds, ${sent} messages: ${delivered} delivered, ${voided} voided (their senders were told), ` +
    `${ended} ended with their receiver's session (which it was told), ${lost} lost, ${doubled} doubled, ${reordered} out of order`
  );
}

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: "string", default: String(WITH_STORMS) } },
  });
  const [seconds, first] = [Number(positionals[0] ?? 60), Number(values.seed)];
  if (!(seconds > 0) || !Number.isSafeInteger(first) || first < 0) throw new ToolError("usage: npm run soak [-- SECONDS] [--seed FIRST]");
  await run("cargo", ["build", "--quiet", "--release", "-p", "signalpost-simulation", "--bin", "soak"]);
  const { stdout: metadata } = await capture("cargo", ["metadata", "--no-deps", "--format-version", "1"]);
  const program = `${JSON.parse(metadata).target_directory}/release/soak`;

  const started = performance.now();
  const totals = Object.fromEntries(COUNTS.map((name) => [name, 0]));
  const refusals = {};
  let next = first;
  let failure;
  let told = started;
  async function work() {
    while (!failure && performance.now() - started < seconds * 1000) {
      const from = next;
      next += BATCH;
      const { code, stdout, stderr } = await capture(program, [String(from), String(BATCH)], { cwd: inRoot() });
      const result = stdout === "" ? undefined : JSON.parse(stdout);
      if (result) {
        for (const name of COUNTS) totals[name] += result[name];
        add(refusals, result.refusals);
      }
      if (code !== 0) {
        const seed = result?.failed[0].seed ?? /SEED=(\d+)/.exec(stderr)?.[1];
        failure ??= { seed, problem: result?.failed[0].problem ?? "it panics", story: stderr };
      } else if (performance.now() - told > PROGRESS_MS) {
        told = performance.now();
        console.log(describe(totals, started));
      }
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  console.log(describe(totals, started));
  const codes = Object.entries(refusals).map(([name, count]) => `${name} ${count}`);
  console.log(`errors that senders got: ${codes.join(", ") || "none"}`);
  if (failure) {
    console.error(failure.story);
    console.error(`SEED=${failure.seed}: ${failure.problem}`);
    console.error(`to repeat it: SEED=${failure.seed} cargo test --release -p signalpost-simulation --test stories -- --nocapture`);
    process.exitCode = 1;
  }
});
