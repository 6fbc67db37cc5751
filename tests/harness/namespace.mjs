// Gives the tests a network of their own: nothing outside can be reached, every port is free, and the candidates are always the same.
// A browser gathers nothing from loopback alone: a veth pair with both ends inside has an address and a default route.
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import net from "node:net";
import { atEnd, isAbandoned, ownedName } from "./cleanup.mjs";

const ip = (...args) => execFileSync("ip", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

function removeNamespace(name) {
  for (let round = 0; round < 20; round += 1) {
    const pids = ip("netns", "pids", name).split("\n").filter(Boolean).map(Number);
    if (pids.length === 0) break;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // ended by itself
      }
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25);
  }
  ip("netns", "delete", name);
}

function sweep() {
  for (const line of ip("netns", "list").split("\n")) {
    const [name] = line.split(" ");
    if (isAbandoned(name)) removeNamespace(name);
  }
}

/** Requests one URL from inside the namespace; prints { status, body } as JSON. */
const FETCH = `fetch(process.argv[1], JSON.parse(process.argv[2]))
  .then(async (r) => console.log(JSON.stringify({ status: r.status, body: await r.text() })))
  .catch((e) => { console.error(String(e.cause ?? e)); process.exit(1); })`;

class Namespace {
  #nextPort = 20000;
  #remove;

  constructor(name, remove) {
    /** The name of the namespace, or "host" where there is none. */
    this.name = name;
    this.#remove = remove;
  }

  get isHost() {
    return this.name === "host";
  }

  /** The words that run a command inside the namespace when they stand before it. */
  get prefix() {
    return this.isHost ? [] : ["ip", "netns", "exec", this.name];
  }

  /** Starts a program inside, in a process group of its own, which is killed at the end. */
  spawn(command, args = [], options = {}) {
    const [first, ...rest] = [...this.prefix, command, ...args];
    const child = spawn(first, rest, { stdio: ["ignore", "pipe", "pipe"], detached: true, ...options });
    const kill = atEnd(() => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // ended by itself
      }
    });
    child.once("exit", kill);
    return child;
  }

  /** Runs a program inside to its end; returns { code, stdout, stderr }. */
  run(command, args = [], options = {}) {
    return new Promise((resolve, reject) => {
      const child = this.spawn(command, args, options);
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (data) => (stdout += data));
      child.stderr.on("data", (data) => (stderr += data));
      child.once("error", reject);
      child.once("close", (code) => resolve({ code, stdout, stderr }));
    });
  }

  /** Makes an HTTP request from inside; returns { status, body }. */
  async fetch(url, options = {}) {
    const { code, stdout, stderr } = await this.run(process.execPath, ["-e", FETCH, url, JSON.stringify(options)]);
    if (code !== 0) throw new Error(`${url}: ${stderr.trim()}`);
    return JSON.parse(stdout);
  }

  /** Returns a TCP port that nothing uses. */
  async freePort() {
    if (!this.isHost) return this.#nextPort++;
    return new Promise((resolve, reject) => {
      const probe = net.createServer().once("error", reject);
      probe.listen(0, "127.0.0.1", () => {
        const { port } = probe.address();
        probe.close(() => resolve(port));
      });
    });
  }

  /** Kills all processes that still run inside, and removes the namespace. */
  remove() {
    this.#remove();
  }
}

/** Whether this process may make namespaces: root on Linux. */
export const mayMakeNamespaces = () => process.platform === "linux" && process.getuid() === 0 && existsSync("/proc/self/ns/net");

/** Makes a namespace that has only loopback, and IPv6 on request. */
export function makeEmptyNamespace({ ipv6 = false } = {}) {
  sweep();
  const name = ownedName();
  ip("netns", "add", name);
  const remove = atEnd(() => removeNamespace(name));
  // An IPv6 address is usable only seconds after its interface is up. Browsers take that for a change of network: loads fail
  // with ERR_NETWORK_CHANGED and mDNS names are lost.
  const off = "for f in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 > $f; done";
  if (!ipv6) execFileSync("ip", ["netns", "exec", name, "sh", "-c", off]);
  ip("-n", name, "link", "set", "lo", "up");
  return new Namespace(name, remove);
}

/** Makes a namespace with an address and a route: a real one for root on Linux, the host's network elsewhere. */
export async function makeNamespace() {
  if (!mayMakeNamespaces()) return new Namespace("host", () => {});
  const namespace = makeEmptyNamespace();
  const inside = (...args) => ip("-n", namespace.name, ...args);
  inside("link", "add", "v0", "type", "veth", "peer", "name", "v1");
  inside("address", "add", "10.9.0.1/24", "dev", "v0");
  inside("link", "set", "v0", "up");
  inside("link", "set", "v1", "up");
  inside("route", "add", "default", "via", "10.9.0.2", "dev", "v0");
  return namespace;
}
