// The commands of the system that configure a namespace. They take milliseconds, and run to their end at once.
import { execFileSync } from "node:child_process";

// Debian keeps some of these programs where only root looks.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
const quiet = { encoding: "utf8", stdio: ["pipe", "pipe", "pipe"], env };

/** Runs lines of `ip`, such as "link set eth0 up", in a namespace; all of them as one batch. */
export const ip = (namespace, ...lines) =>
  execFileSync("ip", ["-n", namespace.name, "-batch", "-"], { ...quiet, input: `${lines.flat().join("\n")}\n` });

/** Runs any program in a namespace to its end, and returns its output. */
export const within = (namespace, program, args, input = "") => {
  const [first, ...rest] = [...namespace.prefix, program, ...args];
  return execFileSync(first, rest, { ...quiet, input });
};

/** Loads rules of nftables as one transaction. */
export const nft = (namespace, rules) => within(namespace, "nft", ["-f", "-"], rules);

/** Sets a number of the kernel, by its path below /proc/sys, in a namespace. */
export const sysctl = (namespace, name, value) => within(namespace, "sh", ["-c", `echo ${value} > /proc/sys/${name}`]);
