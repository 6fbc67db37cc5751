// `npm run netlab`: builds what the network laboratory needs, and runs it (tests/netlab/run.mjs says what it takes).
import { buildPackage } from "./build.mjs";
import { main, run } from "./command.mjs";
import { inRoot } from "./paths.mjs";
import { prepareTests } from "./toolchain.mjs";

await main(async () => {
  await prepareTests();
  await buildPackage();
  await run("cargo", ["build", "--quiet", "-p", "signalpost-server"]);
  const given = process.argv.slice(2);
  await run(process.execPath, [inRoot("tests", "netlab", "run.mjs"), ...(given.length > 0 ? given : ["all", "--write"])]);
});
