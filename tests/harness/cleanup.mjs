// Keeps a remover for everything that the harness makes, and runs the removers however this process ends: at its end, on a
// signal, on an exception. They are synchronous, since nothing else runs at exit.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

const removers = new Set();
let installed = false;

function runAll() {
  for (const remove of [...removers].reverse()) {
    removers.delete(remove);
    try {
      remove();
    } catch {
      // The other removers must still run.
    }
  }
}

function install() {
  if (installed) return;
  installed = true;
  process.on("exit", runAll);
  for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
    // Another listener decides when this process ends; the removers run at its exit.
    if (process.listenerCount(signal) === 0) process.on(signal, () => process.exit(128 + number));
  }
}

/** Registers a synchronous remover; returns a function that runs it now, and only once. */
export function atEnd(remove) {
  install();
  removers.add(remove);
  return () => {
    if (removers.delete(remove)) remove();
  };
}

/** Whether the process with this id still exists. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

const PREFIX = "signalpost-";

/** Returns a name that contains the id of this process: a later run recognises by it what a killed run left behind. */
export const ownedName = () => `${PREFIX}${process.pid}-${Math.random().toString(36).slice(2, 8)}`;

/** Whether ownedName made this name in a process that is gone. */
export function isAbandoned(name) {
  const owner = new RegExp(`^${PREFIX}(\\d+)-[a-z0-9]+$`).exec(name)?.[1];
  return owner !== undefined && !isAlive(Number(owner));
}

let swept = false;

/** Makes an empty directory, which is removed at the end. */
export function temporaryDirectory() {
  if (!swept) {
    swept = true;
    for (const name of fs.readdirSync(os.tmpdir())) {
      if (isAbandoned(name)) fs.rmSync(path.join(os.tmpdir(), name), { recursive: true, force: true });
    }
  }
  const directory = path.join(os.tmpdir(), ownedName());
  fs.mkdirSync(directory, { mode: 0o700 });
  // A browser that is being killed may still write into its profile while the profile is removed.
  const remove = atEnd(() => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return { directory, remove };
}
