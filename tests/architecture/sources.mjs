// The files that the rules look at.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\n").filter(Boolean);

/** Every file of the repository, committed or not, but for those that git ignores. */
export const files = [...new Set([...git("ls-files"), ...git("ls-files", "--others", "--exclude-standard")])];

export const read = (name) => readFileSync(path.join(root, name), "utf8");

/** Name and text of every file whose name matches `pattern`. */
export const within = (pattern) =>
  files
    .filter((name) => pattern.test(name))
    .flatMap((name) => {
      try {
        return [{ name, text: read(name) }];
      } catch {
        return []; // Deleted, not yet committed.
      }
    });
