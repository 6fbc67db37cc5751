// Runs the built signalpost-server inside the namespace, on a port that stays the same across restarts.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { cargoTarget, dist, inRoot } from "../../tools/paths.mjs";

const LOG_LINES = 20_000;

/** Requests /readyz from inside until the answer is 200: on the admin listener, or on the main one. */
const READY = `const [urls, ms] = [process.argv[1].split(" "), Number(process.argv[2])];
const end = Date.now() + ms;
while (Date.now() < end) {
  for (const url of urls) { try { if ((await fetch(url)).status === 200) process.exit(0); } catch {} }
  await new Promise((done) => setTimeout(done, 20));
}
process.exit(1);`;

class Server {
  /** The lines that the server wrote, over all its starts. */
  logs = [];
  #namespace;
  #binary;
  #args;
  #env;
  #host;
  #child;

  constructor({ namespace, binary, args, env, host, port, adminPort }) {
    this.#namespace = namespace;
    this.#binary = binary;
    this.#args = args;
    this.#env = env;
    this.#host = host;
    this.port = port;
    this.adminPort = adminPort;
  }

  /** The origin of the demo. */
  get origin() {
    return `http://${this.#host === "127.0.0.1" ? "localhost" : this.#host}:${this.port}`;
  }

  get pid() {
    return this.#child?.pid;
  }

  get isRunning() {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Makes a request to the main listener, or with { admin: true } to the admin one. */
  fetch(target, { admin = false, ...options } = {}) {
    return this.#namespace.fetch(`http://${admin ? `127.0.0.1:${this.adminPort}` : `${this.#host}:${this.port}`}${target}`, options);
  }

  async start({ timeoutMs = 15_000 } = {}) {
    if (this.isRunning) throw new Error("the server runs already");
    const child = this.#namespace.spawn(this.#binary, this.#args, { env: { ...process.env, ...this.#env } });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        this.logs.push(line);
        if (this.logs.length > LOG_LINES) this.logs.shift();
      });
    }
    const ended = new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(`it ended with ${signal ?? code}`));
    });
    const urls = [`127.0.0.1:${this.adminPort}`, `${this.#host}:${this.port}`].map((at) => `http://${at}/readyz`).join(" ");
    const probe = this.#namespace.run(process.execPath, ["--input-type=module", "-e", READY, urls, String(timeoutMs)]);
    const ready = probe.then(({ code }) => (code === 0 ? undefined : `/readyz did not say 200 in ${timeoutMs} ms`));
    const problem = await Promise.race([ready, ended]);
    if (problem === undefined) return this;
    await this.stop("SIGKILL");
    throw new Error(`the server did not start: ${problem}\n${this.logs.slice(-15).join("\n")}`);
  }

  /** Stops the server and waits for its end; sends SIGKILL when the time is over. */
  async stop(signal = "SIGTERM", { timeoutMs = 15_000 } = {}) {
    const child = this.#child;
    if (!this.isRunning) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    const inTime = await Promise.race([ended.then(() => true), sleep(timeoutMs, false, { ref: false })]);
    if (inTime) return;
    child.kill("SIGKILL");
    await ended;
    throw new Error(`the server did not end in ${timeoutMs} ms after ${signal}`);
  }

  /** Freezes the process (SIGSTOP), and waits until none of its threads runs any more: the signal takes effect some time after it is sent. */
  async freeze() {
    process.kill(this.pid, "SIGSTOP");
    const tasks = `/proc/${this.pid}/task`;
    const state = (task) => readFileSync(`${tasks}/${task}/stat`, "utf8").replace(/^.*\) /s, "")[0];
    while (existsSync(tasks) && readdirSync(tasks).some((task) => state(task) !== "T")) await sleep(5);
  }

  /** Continues the process that `freeze()` stopped. */
  thaw() {
    process.kill(this.pid, "SIGCONT");
  }

  /** Stops the server ("SIGTERM" or "SIGKILL"), waits for `downMs`, and starts it on the same port. */
  async restart({ signal = "SIGTERM", downMs = 0 } = {}) {
    await this.stop(signal);
    await sleep(downMs);
    return this.start();
  }

  /** Resolves with the first line of the log, from line `from` on, that matches. */
  async waitForLog(pattern, { timeoutMs = 10_000, from = 0 } = {}) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const line = this.logs.slice(from).find((candidate) => pattern.test(candidate));
      if (line !== undefined) return line;
      if (Date.now() > deadline) throw new Error(`no line ${pattern} in the server's log:\n${this.logs.slice(-15).join("\n")}`);
      await sleep(20);
    }
  }
}

/** Returns the server's binary: SIGNALPOST_SERVER, or the debug build. */
export const serverBinary = () => process.env.SIGNALPOST_SERVER ?? path.join(cargoTarget, "debug", "signalpost-server");

/** Returns the directory of the package: SIGNALPOST_PACKAGE, or the built one. */
const packageDirectory = () => process.env.SIGNALPOST_PACKAGE ?? dist;

/** Starts a server with the files of `www` (the demo) and the package on the address `host`, and waits until it is ready. */
export async function startServer(
  namespace,
  { binary = serverBinary(), args = [], env = {}, directory = packageDirectory(), www = inRoot("www"), host = "127.0.0.1" } = {},
) {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: cargo build -p signalpost-server`);
  const port = await namespace.freePort();
  const adminPort = await namespace.freePort();
  const listen = ["--listen", `${host}:${port}`, "--admin-listen", `127.0.0.1:${adminPort}`];
  const serve = ["--www", www, "--package", directory];
  // Only tests of the drain and of the return window wait for them.
  const quick = { SIGNALPOST_DRAIN: "0", SIGNALPOST_RETURN_WINDOW: "0" };
  const server = new Server({ namespace, binary, args: [...listen, ...serve, ...args], env: { ...quick, ...env }, host, port, adminPort });
  return server.start();
}
