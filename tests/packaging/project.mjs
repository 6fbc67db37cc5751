// Makes a small project like a user's: README's program, and the package installed from its tarball.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { blocksOf } from "../documentation/blocks.mjs";
import { HARNESS, connectedTo, sourceOf, withClaims } from "../documentation/program.mjs";
import { temporaryDirectory } from "../harness/cleanup.mjs";
import { inRoot } from "../../tools/paths.mjs";

const BUNDLERS = inRoot("tests", "packaging", "node_modules");

/** Packs the build; returns the path of the tarball. */
export function packTarball(directory) {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", directory];
  const [{ filename }] = JSON.parse(execFileSync("npm", args, { cwd: inRoot(), encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }));
  return path.join(directory, filename);
}

/** Returns README's program as a module, and its lines whose claims must hold at some moment. */
export async function readmeProgram(address) {
  const { code, claims } = await withClaims(sourceOf(blocksOf("README.md")));
  return { code: connectedTo(address, code), claims };
}

/** Returns a page that loads a script: `<script TAG>`. */
export const pageOf = (tag) => `<!doctype html>
<meta charset="utf-8">
<title>README's program</title>
<script>${HARNESS}</script>
<script ${tag}></script>
`;

/**
 * Makes a project with these files: `{ name: text }`. `installed` are packages of tests/packaging/package.json, under their names in the
 * project: `{ vite: "vite7" }`.
 */
export function makeProject({ tarball, installed, files }) {
  const { directory } = temporaryDirectory();
  const inProject = (...parts) => path.join(directory, ...parts);
  writeFileSync(inProject("package.json"), JSON.stringify({ name: "project", private: true, type: "module" }));
  const install = ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error", tarball];
  execFileSync("npm", install, { cwd: directory, stdio: ["ignore", "ignore", "inherit"] });
  for (const [name, there] of Object.entries(installed)) {
    mkdirSync(path.dirname(inProject("node_modules", name)), { recursive: true });
    symlinkSync(path.join(BUNDLERS, there), inProject("node_modules", name));
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(inProject(name)), { recursive: true });
    writeFileSync(inProject(name), text);
  }
  return directory;
}

/** Puts `library` between the project and the package, so that only the library has the package. */
export function hideBehind(library, directory) {
  const inLibrary = (...parts) => path.join(directory, "node_modules", library, ...parts);
  mkdirSync(inLibrary("node_modules"), { recursive: true });
  renameSync(path.join(directory, "node_modules", "signalpost"), inLibrary("node_modules", "signalpost"));
  writeFileSync(inLibrary("package.json"), JSON.stringify({ name: library, version: "1.0.0", type: "module", exports: "./index.js" }));
  writeFileSync(inLibrary("index.js"), 'export * from "signalpost";\n');
}

/** Returns the script of a command of a package in tests/packaging/package.json. */
export function commandOf(name, command = name) {
  const { bin } = JSON.parse(readFileSync(path.join(BUNDLERS, name, "package.json"), "utf8"));
  return path.join(BUNDLERS, name, typeof bin === "string" ? bin : bin[command]);
}
