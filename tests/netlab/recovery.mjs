// Runs one recovery: a connection in use meets a fault, and the time is measured until data flows again in both directions.
import { setTimeout as sleep } from "node:timers/promises";
import { freshId, load } from "./connection.mjs";
import { RECOVERIES } from "./recoveries.mjs";

/** How long the connection is used before and after. */
const USE_MS = 1500;
/** What is not back by then does not come back. */
const GIVE_UP_MS = 25_000;

/** Waits in both pages for the first message of `kind` after the fault; returns the later time, or undefined. */
async function backAt(tabs, kind, { lostAt, upAt }) {
  const since = { sentAt: lostAt, at: upAt };
  const find = `(given) => endpoint.firstSince(${JSON.stringify(kind)}, given)`;
  const times = await Promise.all(
    tabs.map((tab) => tab.waitFor(find, since, { timeoutMs: GIVE_UP_MS, what: kind }).catch(() => undefined)),
  );
  return times.includes(undefined) ? undefined : Math.max(...times);
}

/** Returns how many numbers are missing among those of a flow, up to the greatest that arrived. */
export function missing(messages) {
  const numbers = new Set(messages.map(({ number }) => number));
  return messages.length === 0 ? 0 : Math.max(...numbers) + 1 - numbers.size;
}

const told = (tab) => tab.evaluate("({ flow: endpoint.flow, made: lab.made.length })");

/**
 * Runs the recovery `name` once between fresh pages; `isNegotiating` begins a negotiation at the same time. Returns `{ ms, signalingMs, made,
 * remotePeers, lost, story }`: the time until data and the server's messages came through in both directions (undefined if they did not),
 * how many connections each side made meanwhile and how many remote peers it had, how many messages were lost, and what each page heard.
 */
export async function recoverOnce(laboratory, tabs, name, { isNegotiating = false, options } = {}) {
  const { nats, act } = RECOVERIES[name];
  laboratory.setNats(...nats);
  laboratory.blockDirect(false);
  const { server, iceServers } = laboratory.servers;
  await Promise.all(tabs.map((tab) => load(tab, server.origin)));
  const ids = [freshId("a"), freshId("b")];
  const given = { url: `${server.origin.replace("http", "ws")}/signal`, rtc: { iceServers: iceServers.turn }, options };
  try {
    await tabs[1].evaluate("(given) => lab.live(given)", { ...given, id: ids[1] });
    await tabs[0].evaluate("(given) => lab.live(given)", { ...given, id: ids[0], remote: ids[1] });
    for (const tab of tabs) await tab.waitFor("endpoint.flow.messages.length > 10", null, { what: "data" });
    await sleep(USE_MS);
    const before = await Promise.all(tabs.map(told));
    if (isNegotiating) await tabs[0].evaluate("endpoint.negotiate()");
    const times = await act(laboratory);
    const [data, signals] = [await backAt(tabs, "messages", times), await backAt(tabs, "signals", times)];
    await sleep(USE_MS);
    const ends = await Promise.all(tabs.map(told));
    // It has to stay so.
    const flowing = ends.every(({ flow }) => flow.messages.at(-1)?.at > Date.now() - USE_MS / 2);
    return {
      ms: flowing && data !== undefined ? data - times.upAt : undefined,
      signalingMs: signals === undefined ? undefined : signals - times.upAt,
      made: ends.map(({ made }, at) => made - before[at].made),
      remotePeers: ends.map(({ flow }) => flow.remotePeers),
      lost: ends.map(({ flow }) => missing(flow.messages)),
      story: ends.map(({ flow }) => flow.states.map(({ at, what }) => `${at - times.lostAt} ${what}`).concat(flow.errors)),
    };
  } finally {
    laboratory.blockDirect(false);
    await Promise.all(tabs.map((tab) => tab.evaluate("lab.end()").catch(() => {})));
  }
}
