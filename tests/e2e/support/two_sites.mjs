// Two machines with many interfaces each, as containers and VPNs leave them: a namespace each, of whose networks only the last one
// is shared. The signaling server runs in the first; the second reaches it through a Unix socket, so that no further interface
// becomes a candidate.
import { execFileSync } from "node:child_process";
import path from "node:path";
import { launchChromium, launchFirefox } from "../../harness/browsers.mjs";
import { temporaryDirectory } from "../../harness/cleanup.mjs";
import { makeNamespace } from "../../harness/namespace.mjs";
import { startServer } from "../../harness/server.mjs";
import { inRoot } from "../../../tools/paths.mjs";

const ip = (...args) => execFileSync("ip", args, { encoding: "utf8" });

/** Both browsers name the addresses of all interfaces only to a page that may use the camera. */
const LAUNCH = {
  chromium: (namespace, { media }) => launchChromium(namespace, { media }),
  firefox: (namespace, { media }) =>
    launchFirefox(namespace, { prefs: media ? { "permissions.default.camera": 1, "permissions.default.microphone": 1 } : {} }),
};

/** Listens on a port inside the namespace, and connects to the socket of the bridge. */
const INWARD = `const net = require("node:net"), [socket, port] = process.argv.slice(1);
net.createServer((inside) => {
  const outside = net.connect(socket);
  for (const end of [inside, outside]) end.on("error", () => (inside.destroy(), outside.destroy()));
  inside.pipe(outside).pipe(inside);
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));`;

const started = (child) => new Promise((resolve) => child.stdout.once("data", resolve));

/** Whether this machine can make namespaces; without them there is nothing to test. */
export const canMakeSites = process.platform === "linux" && process.getuid() === 0;

/**
 * Makes two sites with `interfaces` networks each. The last of them, by name and by the order of making, is the network that both
 * are in: 10.99.0.1 and 10.99.0.2. `sharedIsDefault`: whether the default route goes there.
 */
export async function makeSites({ interfaces = 8, sharedIsDefault = false } = {}) {
  const sites = [await makeNamespace(), await makeNamespace()];
  const [first, second] = sites.map(({ name }) => name);
  const { directory, remove } = temporaryDirectory();
  const browsers = [];
  for (const [at, { name }] of sites.entries()) {
    // With the network that every namespace has and the shared one.
    for (let number = 1; number < interfaces - 1; number += 1) {
      ip("-n", name, "link", "add", `w${number}`, "type", "veth", "peer", "name", `x${number}`);
      ip("-n", name, "address", "add", `10.${20 + 20 * at + number}.0.1/24`, "dev", `w${number}`);
      for (const end of ["w", "x"]) ip("-n", name, "link", "set", `${end}${number}`, "up");
    }
  }
  ip("link", "add", "z0", "netns", first, "type", "veth", "peer", "name", "z0", "netns", second);
  for (const [at, { name }] of sites.entries()) {
    ip("-n", name, "address", "add", `10.99.0.${at + 1}/24`, "dev", "z0");
    ip("-n", name, "link", "set", "z0", "up");
    if (sharedIsDefault) ip("-n", name, "route", "replace", "default", "via", `10.99.0.${2 - at}`, "dev", "z0");
  }
  const server = await startServer(sites[0]);
  const socket = path.join(directory, "signaling");
  await started(sites[0].spawn(process.execPath, [inRoot("tests/harness/bridge.mjs"), socket, String(server.port)]));
  // The second site has the server's port too: nothing else there may get it.
  while ((await sites[1].freePort()) <= server.adminPort);
  await started(sites[1].spawn(process.execPath, ["-e", INWARD, socket, String(server.port)]));
  /** Starts browsers of these kinds, one at each site. */
  const launch = async (kinds, options) => {
    const both = await Promise.all(kinds.map((kind, at) => LAUNCH[kind](sites[at], options)));
    browsers.push(...both);
    return both;
  };
  const closeBrowsers = () => Promise.allSettled(browsers.splice(0).map((browser) => browser.close()));
  const close = async () => {
    await closeBrowsers();
    await server.stop("SIGKILL").catch(() => {});
    for (const site of sites) site.remove();
    remove();
  };
  return { server, launch, closeBrowsers, close };
}
