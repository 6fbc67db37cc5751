// Removes the namespaces of a laboratory whose process was killed: a shell waits for the end of a pipe that only that process writes to.
import { spawn } from "node:child_process";

const SHELL = `read -r _
for name in "$@"; do
  ip netns pids "$name" 2>/dev/null | xargs -r kill -s KILL 2>/dev/null
  ip netns delete "$name" 2>/dev/null
done`;

/** Starts the guard of these namespaces; it does nothing for one that is removed already. Returns a function that ends it. */
export function guard(namespaces) {
  const names = namespaces.map(({ name }) => name);
  const child = spawn("sh", ["-c", SHELL, "sh", ...names], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  child.unref();
  child.stdin.unref();
  return () => child.stdin.end();
}
