// Remembers from which inputs each step of the build was made: a build repeats only the steps whose inputs changed.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Returns a hash over files (by path) and literal texts. */
export function hashOf({ files = [], texts = [] }) {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:${text}`);
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${path.basename(file)}:${content.length}:`).update(content);
  }
  return hash.digest("hex");
}

export class Stamps {
  #file;
  #hashes;

  constructor(file) {
    this.#file = file;
    try {
      this.#hashes = JSON.parse(readFileSync(file, "utf8"));
    } catch {
      this.#hashes = {};
    }
  }

  /** Runs a step unless its outputs exist and were made from these inputs; returns whether it ran. */
  async step(name, { inputs, outputs }, body) {
    const hash = hashOf(inputs);
    if (this.#hashes[name] === hash && outputs.every((file) => existsSync(file))) return false;
    delete this.#hashes[name];
    await body();
    this.#hashes[name] = hash;
    mkdirSync(path.dirname(this.#file), { recursive: true });
    writeFileSync(this.#file, JSON.stringify(this.#hashes, null, 2));
    return true;
  }
}
