// Makes one connection between two fresh pages of the laboratory.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { PUBLIC } from "./addresses.mjs";

/** The time before the clock starts, in which the work of the pages' own start ends. */
const REST_MS = 60;
/** The time after which the path counts: the first one that works may be left for a better one. */
const SETTLE_MS = 150;

export const freshId = (prefix) => `${prefix}${randomBytes(6).toString("hex")}`;

/** Opens the laboratory's page in a tab. A load that meets the change to a new address may fail: then it is tried again. */
export async function load(tab, origin) {
  for (let round = 1; ; round += 1) {
    try {
      await tab.goto(`${origin}/`);
      await tab.waitFor("window.lab !== undefined", null, { what: "the page of the laboratory" });
      return;
    } catch (error) {
      if (round === 5 || !/NETWORK_CHANGED|INTERNET_DISCONNECTED|ADDRESS_UNREACHABLE|neterror|timed out|no answer/.test(error.message))
        throw error;
      await sleep(300);
    }
  }
}

/** Returns "direct" or "relay" for the pairs that both ends use: a path is relayed if either end sends through a relay, or to one. */
export const pathOf = (pairs) => (pairs.some(({ own, to }) => own.startsWith("relay") || PUBLIC.includes(to)) ? "relay" : "direct");

/** Returns the pairs in use; a browser may know its own some time after data flows. */
const pairs = (tabs) => Promise.all(tabs.map((tab) => tab.waitFor("lab.pair()", null, { what: "a pair in use" })));

/**
 * Connects from the first tab to the second. `rtc` is the configuration of both connections. Returns `{ ms, owns, path }`: the
 * milliseconds from the call until data could flow, and then each side's candidate of the pair in use.
 */
export async function connectOnce(servers, tabs, { contender, rtc, callerIsLower = true, limitMs = 15_000 }) {
  const { origin } = servers.server;
  const url = contender === "floor" ? servers.relay : `${origin.replace("http", "ws")}/signal`;
  const ids = callerIsLower ? [freshId("a"), freshId("b")] : [freshId("b"), freshId("a")];
  await Promise.all(tabs.map((tab) => load(tab, origin)));
  try {
    await Promise.all(tabs.map((tab, at) => tab.evaluate("(given) => lab.prepare(given)", { contender, url, id: ids[at], rtc })));
    await sleep(REST_MS);
    const ms = await tabs[0].evaluate("(given) => lab.call(given)", { remote: ids[1], limitMs });
    await sleep(SETTLE_MS);
    const found = await pairs(tabs);
    return { ms, owns: found.map(({ own }) => own), path: pathOf(found) };
  } finally {
    await Promise.all(tabs.map((tab) => tab.evaluate("lab.end()").catch(() => {})));
  }
}
