// Runs one recovery: connections in use meet a fault, and the time is measured until data flows again in both directions of each.
import { setTimeout as sleep } from "node:timers/promises";
import { freshId, load } from "./connection.mjs";
import { RECOVERIES } from "./recoveries.mjs";

/** How long the connections are used before and after. */
const USE_MS = 1500;
/** What is not back by then does not come back. */
const GIVE_UP_MS = 25_000;

/** A connection between a tab at site a and one at site b. A tab may have several. */
class LiveConnection {
  constructor(name, tabs) {
    this.name = name;
    this.tabs = tabs;
  }

  async start({ url, rtc, options }) {
    const ids = [freshId("a"), freshId("b")];
    const start = (at, more) =>
      this.tabs[at].evaluate("(given) => lab.live(given)", { name: this.name, url, rtc, options, id: ids[at], ...more });
    await start(1, {});
    await start(0, { remote: ids[1] });
    for (const tab of this.tabs) await tab.waitFor(`${this.#in("flow")}.messages.length > 10`, null, { what: "data" });
  }

  negotiate() {
    return this.tabs[0].evaluate(`${this.#in("negotiate")}()`);
  }

  /** Waits in both pages for the first message of `kind` after the fault; returns the later time, or undefined. */
  async backAt(kind, { lostAt, upAt }) {
    const find = `(given) => ${this.#in("firstSince")}(${JSON.stringify(kind)}, given)`;
    const wait = (tab) => tab.waitFor(find, { sentAt: lostAt, at: upAt }, { timeoutMs: GIVE_UP_MS, what: kind }).catch(() => undefined);
    const times = await Promise.all(this.tabs.map(wait));
    return times.includes(undefined) ? undefined : Math.max(...times);
  }

  /** Returns the result of the run. */
  async result(times, { data, signals }) {
    const flows = await Promise.all(this.tabs.map((tab) => tab.evaluate(this.#in("flow"))));
    // It has to stay so.
    const isFlowing = flows.every(({ messages }) => messages.at(-1)?.at > Date.now() - USE_MS / 2);
    return {
      ms: isFlowing && data !== undefined ? data - times.upAt : undefined,
      signalingMs: signals === undefined ? undefined : signals - times.upAt,
      replaced: flows.map(({ replaced }) => replaced),
      remotePeers: flows.map(({ remotePeers }) => remotePeers),
      lost: flows.map(({ messages }) => missing(messages)),
      story: flows.map(({ states, errors }) => states.map(({ at, what }) => `${at - times.lostAt} ${what}`).concat(errors)),
    };
  }

  #in(what) {
    return `lab.lives[${JSON.stringify(this.name)}].${what}`;
  }
}

/** Returns how many numbers are missing among those of a flow, up to the greatest that arrived. */
export function missing(messages) {
  const numbers = new Set(messages.map(({ number }) => number));
  return messages.length === 0 ? 0 : Math.max(...numbers) + 1 - numbers.size;
}

/**
 * Runs the recovery `name` once, with fresh pages in the tabs: `pairs` is `[{ name, tabs: [at a, at b] }, …]`, and all of them meet the same
 * fault. `isNegotiating` begins a negotiation at the same time. Returns for each pair `{ ms, signalingMs, replaced, remotePeers, lost, story }`:
 * the time until data and the server's messages came through in both directions (undefined if they did not), how often each side's
 * connection was replaced, how many remote peers each had, how many messages were lost, and what each side heard.
 */
export async function recoverOnce(laboratory, pairs, name, { isNegotiating = false, options } = {}) {
  const { nats, act } = RECOVERIES[name];
  laboratory.setNats(...nats);
  laboratory.blockDirect(false);
  const { server, iceServers } = laboratory.servers;
  const tabs = [...new Set(pairs.flatMap((pair) => pair.tabs))];
  await Promise.all(tabs.map((tab) => load(tab, server.origin)));
  const given = { url: `${server.origin.replace("http", "ws")}/signal`, rtc: { iceServers: iceServers.turn }, options };
  try {
    const all = pairs.map((pair) => new LiveConnection(pair.name, pair.tabs));
    await Promise.all(all.map((one) => one.start(given)));
    await sleep(USE_MS);
    if (isNegotiating) await Promise.all(all.map((one) => one.negotiate()));
    const times = await act(laboratory);
    const back = await Promise.all(
      all.map(async (one) => ({ data: await one.backAt("messages", times), signals: await one.backAt("signals", times) })),
    );
    await sleep(USE_MS);
    return await Promise.all(all.map((one, at) => one.result(times, back[at])));
  } finally {
    laboratory.blockDirect(false);
    await Promise.all(tabs.map((tab) => tab.evaluate("lab.end()").catch(() => {})));
  }
}
