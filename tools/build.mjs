// `npm run build`: dist/ as it is published. cargo → binder → wasm-opt → esbuild → terser → tsc → size gate.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { buildIdOf, withBuildId } from "./build_id.mjs";
import { ToolError, main, run } from "./command.mjs";
import { buildDeclarations } from "./declarations.mjs";
import { buildGlue, glueFile, stamps } from "./glue.mjs";
import { optimize, optimizedModule } from "./optimize.mjs";
import { dist, inRoot, moduleInPackage, nodeModule } from "./paths.mjs";
import { checkGate } from "./size.mjs";
import { prepareBuild } from "./toolchain.mjs";

const inDist = (name) => path.join(dist, name);

/** Writes a module, and the facade with its glue as one file, into a directory. Both have the id of the build. */
export async function publish(directory, module, options) {
  const wasm = readFileSync(module);
  mkdirSync(path.dirname(path.join(directory, moduleInPackage)), { recursive: true });
  writeFileSync(path.join(directory, moduleInPackage), withBuildId(wasm));
  await bundle(path.join(directory, "signalpost.js"), { ...options, define: { SIGNALPOST_BUILD_ID: JSON.stringify(buildIdOf(wasm)) } });
}

/** The facade and its glue as one file; `options` are esbuild's. terser finds more that can go, and names that compress better. */
async function bundle(output, options) {
  const { build } = await import("esbuild");
  const { minify } = await import("terser");
  const { outputFiles } = await build({
    absWorkingDir: inRoot(),
    entryPoints: ["js/index.ts"],
    outfile: output,
    ...options,
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    sourcemap: "external",
    legalComments: "none",
    logLevel: "warning",
  });
  const [map, script] = outputFiles.map(({ text }) => text);
  const smaller = await minify(script, {
    module: true,
    ecma: 2022,
    // Nothing here asks a function of the glue for its prototype, or for `new`.
    compress: { passes: 3, unsafe_arrows: true, unsafe_methods: true },
    // wasm-bindgen's own names, which no other script uses.
    mangle: { properties: { regex: /^__(wbg_ptr|destroy_into_raw)$/ } },
    // With the sources, which the package does not hold: else dev servers complain of each that is missing.
    sourceMap: { content: map, includeSources: true, filename: path.basename(output), url: `${path.basename(output)}.map` },
  });
  writeFileSync(output, smaller.code);
  writeFileSync(`${output}.map`, smaller.map);
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
  await optimize(optimizedModule());
  await publish(dist, optimizedModule());
  await declare();
  checkGate();
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    await prepareBuild();
    await buildPackage();
  });
}
