// The processes of a browser: most of them are not the one that was started.
import { readFileSync, readdirSync } from "node:fs";

/** The processes below this one, at this moment. */
export function descendants(ancestor) {
  const parents = readdirSync("/proc")
    .filter(Number)
    .map((pid) => {
      try {
        // The name in parentheses may hold anything.
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

/** Sends a signal to all that are still there. */
export function signal(processes, name) {
  for (const pid of processes) {
    try {
      process.kill(pid, name);
    } catch {
      // ended by itself
    }
  }
}

/** Kills them all at once: none sees another one's end, which for a browser is a reason to say goodbye. */
export function killAll(processes) {
  signal(processes, "SIGSTOP");
  signal(processes, "SIGKILL");
}
