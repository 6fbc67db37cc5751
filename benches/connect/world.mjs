// The environment of the benchmark: a namespace, four servers, the network between them, and two browser processes.
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { temporaryDirectory } from "../../tests/harness/cleanup.mjs";
import { makeNamespace } from "../../tests/harness/namespace.mjs";
import { startServer } from "../../tests/harness/server.mjs";
import { cargoTarget, dist, inRoot, moduleInPackage } from "../../tools/paths.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The contenders: the script of the page, and the server that it speaks to. */
export const CONTENDERS = [
  { name: "floor", script: "floor.js", server: "relay", path: "/" },
  { name: "signalpost", script: "signalpost.js", server: "signalpost", path: "/signal" },
  { name: "peerjs", script: "peerjs.js", server: "peerjs", path: "/" },
  { name: "simple-peer", script: "simple_peer.js", server: "relay", path: "/" },
];

/** Builds one minified module for each contender, as a bundler does, with Signalpost's wasm beside them. */
async function bundle(directory) {
  await build({
    absWorkingDir: inRoot(),
    entryPoints: [...CONTENDERS.map(({ script }) => script), "signalpost_lan.js"].map((script) => here(`pages/${script}`)),
    outdir: directory,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    legalComments: "none",
    logLevel: "warning",
    alias: { signalpost: path.join(dist, "signalpost.js") },
  });
  const module = path.join(directory, moduleInPackage);
  mkdirSync(path.dirname(module), { recursive: true });
  copyFileSync(path.join(dist, moduleInPackage), module);
}

function ready(child, name) {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (data) => (said += data));
    child.stdout.once("data", resolve);
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code}: ${said}`)));
  });
}

async function startScript(namespace, name) {
  const port = await namespace.freePort();
  await ready(namespace.spawn(process.execPath, [here(name), String(port)]), name);
  return port;
}

async function startNetwork(namespace) {
  const child = namespace.spawn(process.execPath, [here("network.mjs")], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  // Sends one message at a time.
  let turn = Promise.resolve();
  return (question) => {
    turn = turn.then(
      () =>
        new Promise((resolve, reject) => {
          child.once("message", (answer) => (answer.error ? reject(new Error(answer.error)) : resolve(answer)));
          child.send(question);
        }),
    );
    return turn;
  };
}

/** Starts everything except the browsers: { namespace, origin, url(contender, id), setDelay(ms), take(contender), close() }. */
export async function makeWorld() {
  const namespace = await makeNamespace();
  const { directory, remove } = temporaryDirectory();
  await bundle(directory);
  const server = await startServer(namespace, { binary: path.join(cargoTarget, "release", "signalpost-server") });
  const targets = {
    relay: await startScript(namespace, "relay.mjs"),
    peerjs: await startScript(namespace, "peerjs_server.mjs"),
    signalpost: server.port,
  };
  const ask = await startNetwork(namespace);
  const site = { port: await namespace.freePort(), directory };
  const proxies = [];
  for (const [name, target] of Object.entries(targets)) proxies.push({ name, port: await namespace.freePort(), target });
  await ask({ start: { site, proxies } });
  const portOf = Object.fromEntries(proxies.map(({ name, port }) => [name, port]));
  return {
    namespace,
    origin: `http://localhost:${site.port}`,
    url: ({ server, path }) => `ws://localhost:${portOf[server]}${path}`,
    setDelay: (delayMs) => ask({ delayMs }),
    take: ({ server }) => ask({ take: server }),
    async close() {
      await server.stop("SIGKILL").catch(() => {});
      namespace.remove();
      remove();
    },
  };
}

/** Returns an id that no client had before. */
export const freshId = (prefix) => `${prefix}${randomBytes(6).toString("hex")}`;
