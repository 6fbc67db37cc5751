// The processes of a browser: the one that was started, and its many descendants.
import { readFileSync, readdirSync } from "node:fs";

/** Returns the present descendants of a process. */
export function descendants(ancestor) {
  const parents = readdirSync("/proc")
    .filter(Number)
    .map((pid) => {
      try {
        // The name in parentheses may contain any character.
        return [
          Number(pid),
          Number(
            readFileSync(`/proc/${pid}/stat`, "utf8")
              .replace(/^.*\) /s, "")
              .split(" ")[1],
          ),
        ];
      } catch {
        return []; // It is gone.
      }
    });
  const found = [ancestor];
  for (const one of found) found.push(...parents.filter(([, parent]) => parent === one).map(([pid]) => pid));
  return found.slice(1);
}

/** Sends a signal to all processes that still exist. */
export function signal(processes, name) {
  for (const pid of processes) {
    try {
      process.kill(pid, name);
    } catch {
      // The process ended by itself.
    }
  }
}

/** Kills all processes at once: a browser process that saw another one end would close its sockets in an orderly way. */
export function killAll(processes) {
  signal(processes, "SIGSTOP");
  signal(processes, "SIGKILL");
}
