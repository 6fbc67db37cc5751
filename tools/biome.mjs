// Biome formats and lints every JavaScript and TypeScript file, as biome.json says.
import { run } from "./command.mjs";
import { inRoot, nodeModule } from "./paths.mjs";

/** Runs a command of Biome (`format`, `lint`) on the whole tree. */
export const biome = (...args) => run(process.execPath, [nodeModule("@biomejs", "biome", "bin", "biome"), ...args], { cwd: inRoot() });
