// `npm run bench:relay`: what a relayed message and an idle session cost the server, for each engine, beside a floor, on loopback. About six
// minutes. --pairs, --rounds and --sessions take other sizes; --write puts the tables into
// docs/performance.md, and first makes sure that the machine is idle. benches/server/README.md says what is measured.
import os from "node:os";
import path from "node:path";
import { ToolError, capture, main, run } from "../../tools/command.mjs";
import { cargoTarget, inRoot } from "../../tools/paths.mjs";
import { writeMarked } from "../marked.mjs";
import { idleShare } from "./idle.mjs";

const LOOK_MS = 5000;
/** A machine that is busier gives no figures to keep. */
const LEAST_IDLE = 0.95;

const release = (name) => path.join(cargoTarget, "release", name);

await main(async () => {
  const given = process.argv.slice(2);
  const writes = given.includes("--write");
  const options = given.filter((argument) => argument !== "--write");
  await run("cargo", ["build", "--quiet", "--release", "-p", "signalpost-bench-server", "-p", "signalpost-server"]);
  const idle = await idleShare(LOOK_MS);
  const percent = `${Math.round(idle * 100)} % idle before the start`;
  if (writes && idle < LEAST_IDLE) throw new ToolError(`the machine is only ${percent}: end its other work, or leave --write out`);
  const load = ["cost", "--server", release("signalpost-server"), ...options];
  const { code, stdout } = await capture(release("signalpost-bench-server"), load, { stdio: ["ignore", "pipe", "inherit"] });
  if (code !== 0) throw new ToolError("not everything could be measured");
  const text = `${stdout.trim()}\n\n${os.availableParallelism()} processors, ${percent}.`;
  console.log(text);
  if (writes) writeMarked(inRoot("docs", "performance.md"), "relay", text);
});
