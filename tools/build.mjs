// `npm run build`: dist/ as it is published. cargo → wasm-bindgen → wasm-opt → esbuild → tsc → size gate.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { buildIdOf, withBuildId } from "./build_id.mjs";
import { ToolError, main, run } from "./command.mjs";
import { buildDeclarations } from "./declarations.mjs";
import { buildGlue, glueFile, stamps } from "./glue.mjs";
import { optimize, optimizedGlue, optimizedModule } from "./optimize.mjs";
import { dist, inRoot, moduleInPackage, nodeModule } from "./paths.mjs";
import { checkGate } from "./size.mjs";
import { prepareBuild } from "./toolchain.mjs";

const inDist = (name) => path.join(dist, name);

/** Writes a module, and the facade with its glue as one file, into a directory. Both have the id of the build. */
export async function publish(directory, module, glue) {
  const wasm = readFileSync(module);
  mkdirSync(path.dirname(path.join(directory, moduleInPackage)), { recursive: true });
  writeFileSync(path.join(directory, moduleInPackage), withBuildId(wasm));
  await bundle(path.join(directory, "signalpost.js"), glue, buildIdOf(wasm));
}

/** Writes the facade and its glue as one file. The map holds the sources, which the package does not: else dev servers complain of each. */
async function bundle(output, glue, buildId) {
  const { build } = await import("esbuild");
  await build({
    absWorkingDir: inRoot(),
    entryPoints: ["js/index.ts"],
    outfile: output,
    alias: { "#glue": glue },
    define: { SIGNALPOST_BUILD_ID: JSON.stringify(buildId) },
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    sourcemap: true,
    legalComments: "none",
    logLevel: "warning",
  });
  // Vite, webpack and the others find the module by this very expression.
  if (!/new URL\("signalpost\/signalpost_bg\.wasm",\s*import\.meta\.url\)/.test(readFileSync(output, "utf8"))) {
    throw new ToolError('the bundle lost `new URL("signalpost/signalpost_bg.wasm", import.meta.url)`: bundlers find the module by it');
  }
}

async function declare() {
  const sources = readdirSync(inRoot("js"), { recursive: true })
    .filter((name) => name.endsWith(".ts"))
    .sort();
  const inputs = {
    files: [
      ...sources.map((name) => inRoot("js", name)),
      glueFile("signalpost.d.ts"),
      inRoot("tsconfig.json"),
      nodeModule("typescript", "package.json"),
    ],
    texts: sources,
  };
  await stamps().step("declare", { inputs, outputs: [inDist("index.d.ts")] }, buildDeclarations);
}

export async function buildPackage() {
  if (!existsSync(inRoot("js", "index.ts"))) throw new ToolError("js/index.ts is missing");
  // Where an earlier build put it: all of dist/ is published.
  rmSync(inDist(path.basename(moduleInPackage)), { force: true });
  await buildGlue();
  await optimize();
  await publish(dist, optimizedModule(), optimizedGlue());
  await declare();
  checkGate();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    await prepareBuild();
    await buildPackage();
  });
}
