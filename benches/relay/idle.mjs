// How idle the machine is: processor times of a busy machine say nothing.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Reads the first line of Linux's /proc/stat: the times that all processors spent idle and in all, in ticks. */
export function processorTimes(stat) {
  const [, ...ticks] = stat.split("\n")[0].trim().split(/\s+/);
  // user, nice, system, idle, iowait, irq, softirq, steal; what guests take is part of user.
  const times = ticks.slice(0, 8).map(Number);
  return { idle: times[3] + times[4], all: times.reduce((sum, time) => sum + time, 0) };
}

/** Returns the share of the processors that is idle in the next `ms`, from 0 to 1. */
export async function idleShare(ms, read = () => readFileSync("/proc/stat", "utf8")) {
  const before = processorTimes(read());
  await sleep(ms);
  const after = processorTimes(read());
  return (after.idle - before.idle) / Math.max(1, after.all - before.all);
}
