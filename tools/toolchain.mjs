// Installs what `npm start` and `npm test` need beyond node, npm and rustup, and says in one line what it cannot install.
// It uses only node's own modules: it runs before `npm ci`.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { ToolError, capture, findProgram, main, run } from "./command.mjs";
import { checkNewestRedis, hasNewestRedis } from "./newest_redis.mjs";
import { inRoot, toolCache } from "./paths.mjs";
import { withoutServices } from "./services.mjs";

const say = (text) => console.log(`toolchain: ${text}`);

/** Returns the version of a crate in Cargo.lock. */
function lockedVersion(name) {
  const lock = readFileSync(inRoot("Cargo.lock"), "utf8");
  const version = new RegExp(`name = "${name}"\\nversion = "([^"]+)"`).exec(lock)?.[1];
  if (version === undefined) throw new ToolError(`${name} is not in Cargo.lock`);
  return version;
}

/** Programs that cargo builds for the tests. The binder's command line must have the same version as the crate. */
const cargoTools = [
  // Its own lock file names a version that registries no longer serve, so it is resolved anew.
  {
    name: "wasm-bindgen-cli",
    version: () => lockedVersion("wasm-bindgen"),
    program: "wasm-bindgen-test-runner",
    probe: "wasm-bindgen",
    locked: false,
  },
  { name: "wasm-pack", version: () => "0.15.1", program: "wasm-pack", probe: "wasm-pack", locked: true },
  { name: "geckodriver", version: () => "0.37.0", program: "geckodriver", probe: "geckodriver", locked: true },
];

/** Programs of the system that the tests need: their possible names, Debian's package, and the service in it that is not needed. */
const systemTools = {
  chromium: { programs: ["chromium", "chromium-browser", "google-chrome"], package: "chromium" },
  chromedriver: { programs: ["chromedriver"], package: "chromium-driver" },
  firefox: { programs: ["firefox-esr", "firefox"], package: "firefox-esr" },
  redis: { programs: ["redis-server"], package: "redis-server", service: "redis-server" },
  haproxy: { programs: ["haproxy"], package: "haproxy", service: "haproxy" },
  coturn: { programs: ["turnserver"], package: "coturn", service: "coturn" },
  ...(hasNewestRedis && { pip: { programs: ["pip3", "pip"], package: "python3-pip" } }),
  ...(process.platform === "linux" && {
    ip: { programs: ["ip"], package: "iproute2" },
    nft: { programs: ["nft"], package: "nftables" },
    conntrack: { programs: ["conntrack"], package: "conntrack" },
    ethtool: { programs: ["ethtool"], package: "ethtool" },
    openssl: { programs: ["openssl"], package: "openssl" },
  }),
};

const cargoToolDir = (tool) => path.join(toolCache, `${tool.name}-${tool.version()}`);

/** Returns the path of a program: chromium, chromedriver, firefox, ip and so on, or one that cargo built. */
export function toolPath(name) {
  const system = systemTools[name];
  if (system) {
    const found = findProgram(...system.programs);
    if (found) return found;
  } else {
    const tool = cargoTools.find((candidate) => candidate.program === name);
    if (tool) return path.join(cargoToolDir(tool), "bin", name);
  }
  throw new ToolError(`${name} is missing: run \`node tools/toolchain.mjs\``);
}

/** Returns the directories of the programs that cargo built, to be put before PATH. */
export const cargoToolPath = () => cargoTools.map((tool) => path.join(cargoToolDir(tool), "bin"));

async function checkRust({ components }) {
  if (!findProgram("cargo")) throw new ToolError("cargo is missing: install Rust with rustup (https://rustup.rs)");
  if (!findProgram("cc", "gcc", "clang"))
    throw new ToolError("a C linker is missing: install build-essential (Debian), or the same for your system");
  const sysroot = () => capture("rustc", ["--print", "sysroot"]);
  if (!findProgram("rustup")) {
    const { stdout } = await sysroot();
    const target = path.join(stdout.trim(), "lib", "rustlib", "wasm32-unknown-unknown");
    if (!existsSync(target)) throw new ToolError("this Rust has no target wasm32-unknown-unknown: install the target, or use rustup");
    return;
  }
  if ((await sysroot()).code !== 0) {
    say("installing the Rust toolchain of rust-toolchain.toml");
    await run("rustup", ["toolchain", "install"]);
  }
  const { stdout: targets } = await capture("rustup", ["target", "list", "--installed"]);
  if (!targets.split("\n").includes("wasm32-unknown-unknown")) {
    say("adding the Rust target wasm32-unknown-unknown");
    await run("rustup", ["target", "add", "wasm32-unknown-unknown"]);
  }
  if (components.length === 0) return;
  const { stdout: installed } = await capture("rustup", ["component", "list", "--installed"]);
  const missing = components.filter((name) => !installed.split("\n").some((line) => line === name || line.startsWith(`${name}-`)));
  if (missing.length > 0) {
    say(`adding ${missing.join(" and ")}`);
    await run("rustup", ["component", "add", ...missing]);
  }
}

/** Runs `npm ci` in a directory of the repository whose node_modules differs from its package-lock.json. */
export async function installLocked(directory = "") {
  const lock = createHash("sha256")
    .update(readFileSync(inRoot(directory, "package-lock.json")))
    .digest("hex");
  const stamp = inRoot(directory, "node_modules", ".signalpost-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  say(`npm ci${directory && ` in ${directory}`}`);
  await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: inRoot(directory) });
  writeFileSync(stamp, lock);
}

async function checkNodeModules() {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < 20) throw new ToolError(`node ${process.versions.node} is too old: install node 20 or newer`);
  await installLocked();
}

async function checkSystemTools() {
  const missing = Object.values(systemTools).filter((tool) => !findProgram(...tool.programs));
  if (missing.length === 0) return;
  const packages = missing.map((tool) => tool.package);
  const services = missing.flatMap((tool) => tool.service ?? []);
  const list = packages.join(" ");
  if (!findProgram("apt-get"))
    throw new ToolError(`the tests need ${list} (the names of the Debian packages): install them and run the command again`);
  if (process.getuid() !== 0)
    throw new ToolError(
      `the tests need ${list}: run \`sudo apt-get install ${list}\`, then run the command again` +
        (services.length > 0 ? ` (they need no service: \`sudo systemctl disable --now ${services.join(" ")}\`)` : ""),
    );
  say(`apt-get install ${list}`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await withoutServices(services, async () => {
    for (const args of [["update"], ["install", "-y", "--no-install-recommends", ...packages]]) {
      const { code, stdout, stderr } = await capture("apt-get", args, { env });
      if (code !== 0) throw new ToolError(`apt-get ${args.join(" ")} failed:\n${stdout.slice(-1000)}${stderr.slice(-2000)}`);
    }
  });
}

async function hasVersion(tool, directory) {
  if (!existsSync(path.join(directory, "bin", tool.program))) return false;
  const { code, stdout } = await capture(path.join(directory, "bin", tool.probe), ["--version"]);
  return code === 0 && stdout.split(/\s+/).includes(tool.version());
}

async function checkCargoTool(tool) {
  const directory = cargoToolDir(tool);
  if (await hasVersion(tool, directory)) return;
  const version = tool.version();
  say(`building ${tool.name} ${version} once for this user (about a minute)`);
  const unfinished = `${directory}.${process.pid}`;
  mkdirSync(toolCache, { recursive: true });
  try {
    const locked = tool.locked ? ["--locked"] : [];
    // These programs are built outside of the repository's target directory and without the flags of its build.
    const env = { CARGO_TARGET_DIR: path.join(unfinished, "target"), CARGO_PROFILE_DEV_DEBUG: "false", RUSTFLAGS: "" };
    await run("cargo", ["install", "--quiet", "--debug", ...locked, "--no-track", "--root", unfinished, "--version", version, tool.name], {
      env,
    });
    rmSync(path.join(unfinished, "target"), { recursive: true, force: true });
    rmSync(directory, { recursive: true, force: true });
    renameSync(unfinished, directory);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  if (!(await hasVersion(tool, directory))) throw new ToolError(`${tool.name} was built but is not version ${version}`);
}

/** Installs what `npm start` and `npm run build` need. */
export async function prepareBuild() {
  await checkNodeModules();
  await checkRust({ components: [] });
}

/** Installs what `npm test` needs. */
export async function prepareTests() {
  await checkNodeModules();
  await checkRust({ components: ["clippy", "rustfmt"] });
  await checkSystemTools();
  await checkNewestRedis(say);
  for (const tool of cargoTools) await checkCargoTool(tool);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    await (process.argv[2] === "build" ? prepareBuild() : prepareTests());
    say("complete");
  });
}
