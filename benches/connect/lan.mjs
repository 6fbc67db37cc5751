// A cold connection on a LAN, phase by phase: one side is in a room, the other starts with nothing loaded.
import { setTimeout as sleep } from "node:timers/promises";
import { median, p95 } from "./statistics.mjs";
import { freshId } from "./world.mjs";

const REST_MS = 30;
const LIMIT_MS = 10_000;
const SCRIPT = "/fresh/signalpost_lan.js";

/** The phases in the order in which they end, and a description of each. */
export const PHASES = ["load", "hello", "discovery", "offer", "answer", "pair", "open"];

/** Runs a function of the script as the page's own code does: WebDriver runs its scripts in another realm. */
async function inPage({ script, name, given }) {
  const element = document.createElement("script");
  element.type = "module";
  element.textContent = `
    const given = ${JSON.stringify(given)};
    try {
      given.began = performance.now();
      const page = await import(${JSON.stringify(script)});
      window.answer = { value: (await page.${name}(given)) ?? null };
    } catch (error) {
      window.answer = { error: String(error.stack ?? error) };
    }
    dispatchEvent(new Event("answered"));`;
  const answered = new Promise((resolve) => addEventListener("answered", resolve, { once: true }));
  document.documentElement.append(element);
  await answered;
  if (window.answer.error) throw new Error(window.answer.error);
  return window.answer.value;
}

/** Returns when each phase of one connection ended, in milliseconds: an object with the names of PHASES. */
export async function arriveOnce(world, contender, browsers, callerIsLower) {
  const url = world.url(contender);
  const room = freshId("room");
  const [id, remote] = callerIsLower ? [freshId("a"), freshId("b")] : [freshId("b"), freshId("a")];
  const pages = await Promise.all(browsers.map((browser) => browser.open(`${world.origin}/fresh/`)));
  const [caller, callee] = pages;
  try {
    await callee.evaluate(inPage, { script: SCRIPT, name: "wait", given: { url, id: remote, room } }, { timeoutMs: LIMIT_MS });
    await sleep(REST_MS);
    return await caller.evaluate(inPage, { script: SCRIPT, name: "arrive", given: { url, id, room } }, { timeoutMs: LIMIT_MS });
  } finally {
    await Promise.all(pages.map((page) => page.close()));
  }
}

/** Returns the time that each phase added to the phase before; at most 0 for a phase that was over by then. */
export function shares(ends) {
  let before = 0;
  return Object.fromEntries(
    PHASES.map((phase) => {
      const share = Math.max(0, ends[phase] - before);
      before = Math.max(before, ends[phase]);
      return [phase, share];
    }),
  );
}

/** Returns a row of the table: { p50, p95, shares: { phase: median } } of many connections. */
export function summarize(all) {
  const totals = all.map((ends) => ends.open);
  const each = all.map(shares);
  return {
    p50: median(totals),
    p95: p95(totals),
    shares: Object.fromEntries(PHASES.map((phase) => [phase, median(each.map((share) => share[phase]))])),
  };
}
