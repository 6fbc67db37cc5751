// Runs a real redis-server inside the namespace, on a port and with data that stay the same across restarts.
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { toolPath } from "../../tools/toolchain.mjs";
import { temporaryDirectory } from "./cleanup.mjs";

/** Connects to a port until it answers PING. */
const PING = `const [port, ms] = process.argv.slice(1).map(Number);
const net = await import("node:net");
const answers = () => new Promise((resolve) => {
  const socket = net.connect(port, "127.0.0.1", () => socket.write("PING\\r\\n"));
  socket.on("data", (data) => { resolve(String(data).startsWith("+PONG")); socket.destroy(); });
  socket.on("error", () => resolve(false));
});
const end = Date.now() + ms;
while (Date.now() < end) {
  if (await answers()) process.exit(0);
  await new Promise((done) => setTimeout(done, 20));
}
process.exit(1);`;

class Redis {
  #namespace;
  #directory;
  #child;

  constructor(namespace, port, { directory, remove }) {
    this.#namespace = namespace;
    this.#directory = directory;
    this.port = port;
    this.remove = remove;
  }

  /** The address for the server's --redis. */
  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it; every write is on the disk before its reply. */
  async start({ timeoutMs = 15_000 } = {}) {
    const listen = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.#directory];
    const keep = ["--save", "", "--appendonly", "yes", "--appendfsync", "always", "--logfile", path.join(this.#directory, "log")];
    this.#child = this.#namespace.spawn(toolPath("redis"), [...listen, ...keep], { stdio: "ignore" });
    const { code } = await this.#namespace.run(process.execPath, ["--input-type=module", "-e", PING, String(this.port), String(timeoutMs)]);
    if (code !== 0) throw new Error(`redis-server did not answer in ${timeoutMs} ms`);
    return this;
  }

  /** Kills it and waits for its end. */
  async kill() {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** Kills it, waits for `downMs`, and starts it again with its data. */
  async restart({ downMs = 0 } = {}) {
    await this.kill();
    await sleep(downMs);
    return this.start();
  }

  async close() {
    await this.kill();
    this.remove();
  }
}

/** Starts a Redis without any data. */
export const startRedis = async (namespace) => new Redis(namespace, await namespace.freePort(), temporaryDirectory()).start();
