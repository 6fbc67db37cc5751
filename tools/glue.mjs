// The wasm module and its glue: cargo, then the workspace's own binder. The facade imports the result as `#glue`.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./command.mjs";
import { bindgenDir, cargoTarget } from "./paths.mjs";
import { shortenImports } from "./short_imports.mjs";
import { Stamps } from "./stamps.mjs";

export const glueFile = (name) => path.join(bindgenDir, name);
export const stamps = () => new Stamps(glueFile("stamps.json"));

const executable = process.platform === "win32" ? ".exe" : "";

/** Builds the shell for the browser and binds it into target/bindgen. */
export async function buildGlue() {
  await run("cargo", ["build", "--quiet", "--profile", "wasm", "--target", "wasm32-unknown-unknown", "-p", "signalpost", "--lib"]);
  await run("cargo", ["build", "--quiet", "-p", "signalpost-bind"]);
  const built = path.join(cargoTarget, "wasm32-unknown-unknown", "wasm", "signalpost.wasm");
  const bind = path.join(cargoTarget, "debug", `signalpost-bind${executable}`);
  mkdirSync(bindgenDir, { recursive: true });
  const outputs = ["signalpost.js", "signalpost.d.ts", "signalpost_bg.wasm"].map(glueFile);
  const shortener = fileURLToPath(new URL("short_imports.mjs", import.meta.url));
  await stamps().step("bind", { inputs: { files: [built, bind, shortener] }, outputs }, async () => {
    await run(bind, [built, bindgenDir, "--out-name", "signalpost"]);
    const [script, , module] = outputs;
    const short = shortenImports(readFileSync(module), readFileSync(script, "utf8"));
    writeFileSync(module, short.wasm);
    writeFileSync(script, short.glue);
  });
}
