// Measures one connection of two fresh tabs.
import { setTimeout as sleep } from "node:timers/promises";
import { freshId } from "./world.mjs";

/** The time before the clock starts, in which the work of the tabs' own start ends. */
const REST_MS = 30;
/** The time after the channel is open: the end of gathering comes about 130 ms after its start, and may be a frame. */
const TAIL_MS = 170;
const LIMIT_MS = 10_000;

/** Runs in the page: loads the library, opens the socket and registers. */
async function prepare({ script, url, id }) {
  const contender = await import(script);
  window.endpoint = await contender.open({ url, id });
}

/** Runs in the calling page: measures from the call until the library says that data can flow. */
async function call({ remote }) {
  const began = performance.now();
  await endpoint.call(remote);
  return performance.now() - began;
}

/** Runs in the calling page: measures the same from an empty page. */
async function callFromNothing({ script, url, id, remote }) {
  const began = performance.now();
  const contender = await import(script);
  if (contender.start) await contender.start({ url, id, remote });
  else await (await contender.open({ url, id })).call(remote);
  return performance.now() - began;
}

/** Returns { ms, up: { frames, bytes }, down } of one connection of `contender`; `callerIsLower` says whether the caller has the lower id. */
export async function connectOnce(world, browsers, contender, { isCold, isCached, callerIsLower }) {
  const script = `/${isCached ? "cached" : "fresh"}/${contender.script}`;
  const url = world.url(contender);
  const [id, remote] = callerIsLower ? [freshId("a"), freshId("b")] : [freshId("b"), freshId("a")];
  const pages = await Promise.all(browsers.map((browser) => browser.open(`${world.origin}/fresh/`)));
  const [caller, callee] = pages;
  try {
    await Promise.all([callee.evaluate(prepare, { script, url, id: remote }), isCold || caller.evaluate(prepare, { script, url, id })]);
    await sleep(REST_MS);
    await world.take(contender);
    const ms = isCold
      ? await caller.evaluate(callFromNothing, { script, url, id, remote }, { timeoutMs: LIMIT_MS })
      : await caller.evaluate(call, { remote }, { timeoutMs: LIMIT_MS });
    await sleep(TAIL_MS);
    return { ms, ...(await world.take(contender)) };
  } finally {
    await Promise.all(pages.map((page) => page.close()));
  }
}
