// `npm test` runs every stage; `npm test -- STAGE...` runs the named stages and their needs. The last line is "N passed, N failed".
import { ToolError, main } from "./command.mjs";
import { stages } from "./stages/table.mjs";

/** Returns the stages to run, in the table's order: those that were named and, transitively, their needs. */
function select(names) {
  if (names.length === 0) return stages;
  const wanted = new Set();
  const want = (name) => {
    const stage = stages.find((candidate) => candidate.name === name);
    if (!stage) throw new ToolError(`there is no stage "${name}"; the stages are: ${stages.map((known) => known.name).join(", ")}`);
    wanted.add(name);
    stage.needs.forEach(want);
  };
  names.forEach(want);
  return stages.filter(({ name }) => wanted.has(name));
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

async function runStage(stage, failed) {
  console.log(`\n── ${stage.name} ${"─".repeat(Math.max(0, 70 - stage.name.length))}`);
  const started = performance.now();
  let problem;
  const unmet = stage.needs.filter((name) => failed.has(name));
  if (unmet.length > 0) {
    problem = `needs ${unmet.join(", ")}`;
  } else {
    try {
      await stage.run();
    } catch (error) {
      problem = error instanceof ToolError ? error.message : (error.stack ?? String(error));
    }
  }
  const ms = performance.now() - started;
  console.log(problem === undefined ? `passed: ${stage.name}, ${seconds(ms)}` : `FAILED: ${stage.name}, ${seconds(ms)}: ${problem}`);
  return { name: stage.name, ms, problem };
}

await main(async () => {
  const started = performance.now();
  const results = [];
  const failed = new Set();
  for (const stage of select(process.argv.slice(2))) {
    const result = await runStage(stage, failed);
    results.push(result);
    if (result.problem !== undefined) failed.add(stage.name);
  }
  console.log(`\n── results ${"─".repeat(63)}`);
  for (const { name, ms, problem } of results) {
    console.log(`${problem === undefined ? "passed" : "FAILED"}  ${name.padEnd(16)}${seconds(ms).padStart(9)}`);
  }
  console.log(`total${seconds(performance.now() - started).padStart(28)}`);
  console.log(`${results.length - failed.size} passed, ${failed.size} failed`);
  process.exitCode = failed.size === 0 ? 0 : 1;
});
