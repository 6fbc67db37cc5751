// Runs the fault proxy inside a namespace, in a process of its own, and commands it from a test.
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("fault_proxy.mjs", import.meta.url));

/**
 * Starts a proxy in front of the port `target`; returns `{ port, origin, close() }` and the commands of `FaultProxy`, each a promise. Commands that
 * wait take `timeoutMs`, 15 s by default.
 */
export async function startFaults(namespace, target) {
  const port = await namespace.freePort();
  const child = namespace.spawn(process.execPath, [PROGRAM, String(port), String(target)], { stdio: ["pipe", "pipe", "pipe"] });
  const calls = new Map();
  let problem = "";
  child.stderr.on("data", (data) => (problem += data));
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      if (line === "ready") return resolve();
      const { id, value, error } = JSON.parse(line);
      const call = calls.get(id);
      calls.delete(id);
      clearTimeout(call?.timer);
      if (error === undefined) call?.resolve(value);
      else call?.reject(new Error(`the fault proxy: ${error}`));
    });
    child.once("exit", (code) => {
      const error = new Error(`the fault proxy ended with ${code}\n${problem}`);
      reject(error);
      for (const call of calls.values()) call.reject(error);
    });
  });
  await ready;
  let calling = 0;
  const command =
    (name) =>
    (given = {}) =>
      new Promise((resolve, reject) => {
        const { timeoutMs = 15_000, ...rest } = given;
        const id = ++calling;
        const timer = setTimeout(async () => {
          calls.delete(id);
          const links = name === "links" ? [] : await proxy.links().catch(() => []);
          reject(
            new Error(`the fault proxy: ${name} ${JSON.stringify(rest)}: nothing in ${timeoutMs} ms; links: ${JSON.stringify(links)}`),
          );
        }, timeoutMs);
        calls.set(id, { resolve, reject, timer });
        child.stdin.write(`${JSON.stringify({ id, name, given: rest })}\n`);
      });
  const names = ["links", "linked", "frames", "place", "passed", "rule", "fired", "act"];
  const proxy = {
    port,
    origin: `http://localhost:${port}`,
    ...Object.fromEntries(names.map((name) => [name, command(name)])),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once("exit", resolve));
      for (const { timer } of calls.values()) clearTimeout(timer);
      calls.clear();
      child.kill();
      await gone;
    },
  };
  return proxy;
}
