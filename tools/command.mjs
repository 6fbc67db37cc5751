// Runs child processes, each in a process group of its own: a signal to this process ends all of them exactly once.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { accessSync, constants as modes } from "node:fs";
import path from "node:path";
import { root } from "./paths.mjs";

/** A failure that is printed as one line, without a stack. */
export class ToolError extends Error {}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const groups = new Set();
let ending = false;

/** Sends a signal to every running child and what it started. */
export function signalChildren(signal) {
  for (const pid of groups) {
    try {
      process.kill(-pid, signal);
    } catch {
      groups.delete(pid);
    }
  }
}

function start(command, args, { cwd = root, env, stdio }) {
  const child = spawn(command, args, { cwd, stdio, detached: true, env: { ...process.env, ...env } });
  if (child.pid !== undefined) groups.add(child.pid);
  child.once("close", () => groups.delete(child.pid));
  return child;
}

const describe = (command, args) => [path.basename(command), ...args].join(" ");

/** Ends a child that takes too long: first by SIGTERM, which lets it remove its files, then by SIGKILL. */
function limit(child, ms) {
  const signalGroup = (signal) => groups.has(child.pid) && process.kill(-child.pid, signal);
  const late = [setTimeout(() => signalGroup("SIGTERM"), ms), setTimeout(() => signalGroup("SIGKILL"), ms + 10_000)];
  child.once("close", () => late.forEach(clearTimeout));
}

/** Runs a command that writes to this console; rejects with a ToolError unless the command exits with 0 in time. */
export function run(command, args, { timeoutMs, ...options } = {}) {
  return new Promise((resolve, reject) => {
    // While this process ends, it starts no command and reports no failure: the end itself is what made the command fail.
    if (ending) return;
    const child = start(command, args, { stdio: ["ignore", "inherit", "inherit"], ...options });
    if (timeoutMs !== undefined) limit(child, timeoutMs);
    child.once("error", (error) => reject(new ToolError(`cannot run ${command}: ${error.message}`)));
    child.once("close", (code, signal) => {
      if (ending) return;
      if (code === 0) resolve();
      else reject(new ToolError(`${describe(command, args)}: ${signal ?? `exit code ${code}`}`));
    });
  });
}

/** Runs a command and returns { code, stdout, stderr }; a command that does not exist has the code 127. */
export function capture(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = start(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    let stdout = "";
    let stderr = "";
    child.stdout?.on("data", (data) => (stdout += data));
    child.stderr?.on("data", (data) => (stderr += data));
    child.once("error", (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.once("close", (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}

/** Runs a server in the foreground, forwards signals to it, and exits this process with its exit code. */
export function runForeground(command, args, options = {}) {
  const child = start(command, args, { stdio: "inherit", ...options });
  for (const signal of SIGNALS) {
    // Replaces endOnSignals: the command itself decides how long its end takes.
    process.removeAllListeners(signal);
    process.on(signal, () => signalChildren(signal));
  }
  child.once("error", (error) => {
    console.error(`cannot run ${command}: ${error.message}`);
    process.exit(1);
  });
  child.once("close", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/** Ends the children, waits a moment for them, then exits as a shell would after this signal. */
export function endOnSignals({ graceMs = 5000 } = {}) {
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      ending = true;
      signalChildren(signal);
      const deadline = Date.now() + graceMs;
      const wait = setInterval(() => {
        if (groups.size > 0 && Date.now() < deadline) return;
        clearInterval(wait);
        process.exit(128 + constants.signals[signal]);
      }, 50);
    });
  }
  process.on("exit", () => signalChildren("SIGKILL"));
}

/** Returns the first of these programs that is in PATH, or where Debian keeps servers, or undefined. */
export function findProgram(...names) {
  for (const name of names) {
    for (const directory of [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin"]) {
      if (directory === "") continue;
      const file = path.join(directory, name);
      try {
        accessSync(file, modes.X_OK);
        return file;
      } catch {
        // It is not in this directory.
      }
    }
  }
  return undefined;
}

/** Runs a script's main function; prints a ToolError as one line, and any other error with its stack. */
export async function main(body) {
  endOnSignals();
  try {
    await body();
  } catch (error) {
    console.error(error instanceof ToolError ? `error: ${error.message}` : error);
    process.exitCode = 1;
  }
}
