// The environment of one test file: a namespace, a server, and as many browser processes as the file needs.
import { launchChromium, launchFirefox } from "../../harness/browsers.mjs";
import { makeNamespace } from "../../harness/namespace.mjs";
import { startServer } from "../../harness/server.mjs";

const LAUNCH = { chromium: launchChromium, firefox: launchFirefox };

/** The pairs that must work: the places in `kinds` of the two browsers, and of one more browser that watches. */
export const PAIRS = [
  { name: "Chromium–Chromium", kinds: ["chromium", "chromium"], onlooker: "firefox" },
  { name: "Firefox–Firefox", kinds: ["firefox", "firefox"], onlooker: "chromium" },
  { name: "Chromium–Firefox", kinds: ["chromium", "firefox"], onlooker: "firefox" },
];

/**
 * Makes a world with a server and these browsers, each a separate process: `makeWorld(["chromium", "firefox"])`. Pages get
 * the package from `directory`, or the built one.
 */
export async function makeWorld(kinds, { serverArgs = [], directory, chromiumArgs = [], firefoxPrefs = {} } = {}) {
  const namespace = await makeNamespace();
  const browsers = [];
  const close = async () => {
    await Promise.allSettled(browsers.map((browser) => browser.close()));
    await server?.stop("SIGKILL").catch(() => {});
    namespace.remove();
  };
  let server;
  try {
    server = await startServer(namespace, { args: serverArgs, directory });
    browsers.push(...(await Promise.all(kinds.map((kind) => LAUNCH[kind](namespace, { args: chromiumArgs, prefs: firefoxPrefs })))));
  } catch (error) {
    await close();
    throw error;
  }
  /** Returns different browsers of these kinds. */
  const pick = (...wanted) => {
    const free = [...browsers];
    return wanted.map((kind) => {
      const at = free.findIndex((browser) => browser.kind === kind);
      if (at < 0) throw new Error(`this world has too few of ${kind}`);
      return free.splice(at, 1)[0];
    });
  };
  return { namespace, server, browsers, pick, close };
}

/** Opens the addresses, one in each browser, hands the pages to `body`, and closes them whatever happens. */
export async function withPages(browsers, urls, body) {
  const pages = [];
  try {
    for (const [at, browser] of browsers.entries()) pages.push(await browser.open(urls[at] ?? urls[0]));
    return await body(...pages);
  } finally {
    for (const page of pages) await page.close();
  }
}

/** Returns a source of random numbers below 1 that a seed repeats (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of this run: SEED, or always the same. */
export const seed = () => Number(process.env.SEED ?? 1);

const sorted = (numbers) => [...numbers].sort((a, b) => a - b);

/** "median 41, most 130 ms (n = 10)" */
export function summary(milliseconds) {
  const all = sorted(milliseconds);
  return `median ${Math.round(all[all.length >> 1])}, most ${Math.round(all.at(-1))} ms (n = ${all.length})`;
}
