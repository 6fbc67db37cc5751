// Makes target/face/package for the end-to-end tests: the package with the recorder in front.
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { dist, inRoot } from "../../tools/paths.mjs";
import { publicFace } from "./public_face.mjs";

export const faceDirectory = inRoot("target", "face");
/** The directory into which each process of the tests writes what its pages used. */
export const recordsDirectory = path.join(faceDirectory, "records");

/** Makes the package anew and removes all records; returns the environment for the tests. */
export function makeRecordedPackage() {
  rmSync(faceDirectory, { recursive: true, force: true });
  const directory = path.join(faceDirectory, "package");
  mkdirSync(directory, { recursive: true });
  mkdirSync(recordsDirectory);
  cpSync(dist, directory, { recursive: true, filter: (name) => !name.endsWith(".d.ts") });
  renameSync(path.join(directory, "signalpost.js"), path.join(directory, "signalpost_plain.js"));
  const methods = {};
  for (const name of publicFace().methods) {
    const [owner, method] = name.split(/\.(.*)/);
    if (!method) continue;
    methods[owner] ??= [];
    methods[owner].push(method);
  }
  const recorder = readFileSync(new URL("recorder.js", import.meta.url), "utf8");
  writeFileSync(
    path.join(directory, "signalpost.js"),
    recorder.replace("const METHODS = {};", `const METHODS = ${JSON.stringify(methods)};`),
  );
  return { SIGNALPOST_PACKAGE: directory, SIGNALPOST_FACE: recordsDirectory };
}
