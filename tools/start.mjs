// `npm start [-- FLAG...]`: builds whatever is missing, then serves the demo. Further flags are the server's: without `--redis URL` (or
// SIGNALPOST_REDIS) it keeps everything in its memory. SIGNALPOST_SERVER names a server that is built already.
import path from "node:path";
import { buildPackage } from "./build.mjs";
import { ToolError, main, run, runForeground } from "./command.mjs";
import { cargoTarget, dist, inRoot } from "./paths.mjs";
import { prepareBuild } from "./toolchain.mjs";

await main(async () => {
  const port = Number(process.env.PORT || 8080);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new ToolError(`PORT=${process.env.PORT} is not a port: use a number from 1 to 65535`);
  await prepareBuild();
  await buildPackage();
  const built = process.env.SIGNALPOST_SERVER;
  if (!built) await run("cargo", ["build", "--release", "-p", "signalpost-server"]);
  const server = built || path.join(cargoTarget, "release", "signalpost-server");
  console.log(`\nhttp://localhost:${port}\n`);
  runForeground(server, ["--listen", `127.0.0.1:${port}`, "--www", inRoot("www"), "--package", dist, ...process.argv.slice(2)]);
});
