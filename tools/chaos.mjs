// `npm run chaos [-- --seed N] [--minutes M] [--redis --nodes 3] [--presence GUESTS]`: real servers, native clients, faults drawn from the
// seed, and a check of what every client heard (crates/chaos). It ends with 1 where the contract was broken; `-- --help` tells every option.
import { pathToFileURL } from "node:url";
import path from "node:path";
import { main, run } from "./command.mjs";
import { cargoTarget } from "./paths.mjs";

const PACKAGES = ["signalpost-server", "signalpost-chaos"].flatMap((name) => ["-p", name]);
/** The time that a run of the stage takes beside its minutes, at most, in milliseconds: 200 s for what is under way. */
const SETTLING_MS = 300_000;

/** Runs the suite with each of these lists of options, in a build of the profile for tests. */
async function chaosShortly(...runs) {
  await run("cargo", ["build", "--quiet", ...PACKAGES]);
  for (const options of runs) await run(path.join(cargoTarget, "debug", "signalpost-chaos"), options, { timeoutMs: SETTLING_MS });
}

const NODES = ["--redis", "--nodes", "3", "--clients", "16"];
/** Three servers on one Redis, each fault soon and short. */
const MESH = [...NODES, "--rate", "5", "--longest", "3"];

/**
 * About two and a half minutes of everything for `npm test`: without losses, with a wiped Redis, presence while servers are killed, and
 * one server in memory.
 */
export const chaos = () =>
  chaosShortly(
    ["--seed", "1", "--minutes", "0.8", "--server-faults", "40", ...MESH],
    ["--seed", "2", "--minutes", "0.3", "--server-faults", "30", "--losses", "wiped", "--only", "wipe-redis,kill-server", ...MESH],
    ["--seed", "3", "--presence", "600", "--window", "12", "--server-faults", "20", ...NODES],
    ["--seed", "4", "--minutes", "0.1"],
  );

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(async () => {
    await run("cargo", ["build", "--quiet", "--release", ...PACKAGES]);
    await run(path.join(cargoTarget, "release", "signalpost-chaos"), process.argv.slice(2));
  });
}
