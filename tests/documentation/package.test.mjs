// The result of `npm pack` contains everything that package.json names, and a compiler that knows only the libraries of the web accepts its types.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { inRoot, nodeModule } from "../../tools/paths.mjs";

const { exports: entries, license, main, scripts, types } = JSON.parse(readFileSync(inRoot("package.json"), "utf8"));

test("the package holds what its package.json names, and its licences", () => {
  const [{ files }] = JSON.parse(
    execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: inRoot(), encoding: "utf8" }),
  );
  const packed = new Set(files.map((file) => file.path));
  const named = Object.values(entries).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)));
  for (const file of [...named, main, types]) assert.ok(packed.has(path.normalize(file)), `${file} is not in the package`);
  for (const name of license.split(" OR "))
    assert.ok(packed.has(`LICENSE-${name.split("-")[0].toUpperCase()}`), `the text of ${name} is not in the package`);
  assert.ok(scripts.prepack, "a clean clone would pack no dist/");
});

for (const [module, moduleResolution] of [
  ["ESNext", "bundler"],
  ["NodeNext", "NodeNext"],
]) {
  test(`its types compile strictly with the libraries of the web alone (${moduleResolution})`, () => {
    const directory = inRoot("target", "package-types");
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(path.join(directory, "node_modules"), { recursive: true });
    symlinkSync(inRoot(), path.join(directory, "node_modules", "signalpost"));
    writeFileSync(path.join(directory, "package.json"), JSON.stringify({ type: "module" }));
    // A user of the types; `npm run typecheck` checks it against the sources.
    copyFileSync(inRoot("tests", "types", "events.ts"), path.join(directory, "user.ts"));
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: "ES2022",
      module,
      moduleResolution,
      lib: ["ES2022", "DOM"],
      types: [],
      skipLibCheck: false,
    };
    writeFileSync(path.join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["user.ts"] }));
    try {
      execFileSync(process.execPath, [nodeModule("typescript", "bin", "tsc"), "-p", directory], { encoding: "utf8" });
    } catch ({ stdout }) {
      assert.fail(stdout);
    }
  });
}
