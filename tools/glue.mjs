// The wasm module and its glue: cargo, then the workspace's own binder. The facade imports the result as `#glue`.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./command.mjs";
import { makeFunction, makeFunctionTypes } from "./instances.mjs";
import { bindgenDir, cargoTarget } from "./paths.mjs";
import { Stamps } from "./stamps.mjs";

export const glueFile = (name, directory = bindgenDir) => path.join(directory, name);
export const stamps = (directory) => new Stamps(glueFile("stamps.json", directory));

const executable = process.platform === "win32" ? ".exe" : "";

const WASM = "wasm32-unknown-unknown";

/** Panic messages name the files of the crates: not where they lie on this machine. */
function pathFlags() {
  const sources = path.join(process.env.CARGO_HOME ?? path.join(os.homedir(), ".cargo"), "registry", "src");
  const folders = existsSync(sources) ? readdirSync(sources) : [];
  return folders.map((folder) => `--remap-path-prefix=${path.join(sources, folder)}/=`);
}

/** Builds the shell for the browser and binds it into a directory. */
export async function buildGlue({ profile = "wasm", features = "", directory = bindgenDir } = {}) {
  await run("cargo", ["fetch", "--quiet", "--locked", "--target", WASM]);
  const env = { ...process.env, RUSTFLAGS: [process.env.RUSTFLAGS, ...pathFlags()].filter(Boolean).join(" ") };
  await run("cargo", ["build", "--quiet", "--profile", profile, "--target", WASM, "-p", "signalpost", "--lib", "--features", features], {
    env,
  });
  await run("cargo", ["build", "--quiet", "-p", "signalpost-bind"]);
  const built = path.join(cargoTarget, WASM, profile === "dev" ? "debug" : profile, "signalpost.wasm");
  const bind = path.join(cargoTarget, "debug", `signalpost-bind${executable}`);
  mkdirSync(directory, { recursive: true });
  const outputs = ["signalpost.js", "signalpost.d.ts", "signalpost_bg.wasm"].map((name) => glueFile(name, directory));
  const changer = fileURLToPath(new URL("instances.mjs", import.meta.url));
  await stamps(directory).step("bind", { inputs: { files: [built, bind, changer] }, outputs }, async () => {
    await run(bind, [built, directory, "--out-name", "signalpost", "--keep-names"]);
    const [script, types] = outputs;
    writeFileSync(script, makeFunction(readFileSync(script, "utf8")));
    writeFileSync(types, makeFunctionTypes(readFileSync(types, "utf8")));
  });
}
