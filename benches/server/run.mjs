// `npm run bench:server [-- ROW[:SIZE]...]`: native load on loopback against the release server. README.md describes the rows.
// --server PATH tries another binary of the server, --patience SECONDS waits longer for a server that does not answer.
import path from "node:path";
import { main, run } from "../../tools/command.mjs";
import { cargoTarget } from "../../tools/paths.mjs";

/** The bound for all rows together, whatever the server does. */
const MOST_MS = 60 * 60_000;

const release = (name) => path.join(cargoTarget, "release", name);

await main(async () => {
  const given = process.argv.slice(2);
  const isGiven = given.includes("--server");
  const packages = ["signalpost-bench-server", ...(isGiven ? [] : ["signalpost-server"])];
  await run("cargo", ["build", "--quiet", "--release", ...packages.flatMap((name) => ["-p", name])]);
  const server = isGiven ? [] : ["--server", release("signalpost-server")];
  await run(release("signalpost-bench-server"), [...server, ...given], { timeoutMs: MOST_MS });
});
