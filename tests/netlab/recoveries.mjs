// What happens to a connection in use, and how long it may take until data flows again.
import { setTimeout as sleep } from "node:timers/promises";

/** How long there is no network between two uplinks. */
const GAP_MS = 2000;

/** A path that is silent for this long, and back. */
const silent = (ms, limit) => ({
  nats: ["cone", "cone"],
  async act({ sites }) {
    sites.a.router.silence();
    const lostAt = Date.now();
    await sleep(ms);
    sites.a.router.restore();
    return { lostAt, upAt: Date.now() };
  },
  ...limit,
});

/** An act whose commands take some milliseconds, during which messages still pass. */
const atOnce = (act) => async (laboratory) => {
  const upAt = Date.now();
  act(laboratory);
  return { lostAt: Date.now(), upAt };
};

/**
 * The recoveries by name. `act(laboratory)` does it, and returns when the path was lost and when the new one was there; `limitMs` counts from
 * then, until data flows again. `isKept`: no connection may be made anew and no message be lost.
 */
export const RECOVERIES = {
  "swap-gap": {
    nats: ["cone", "cone"],
    async act({ sites }) {
      sites.a.disconnect("a");
      const lostAt = Date.now();
      await sleep(GAP_MS);
      sites.a.connect("c");
      return { lostAt, upAt: Date.now() };
    },
    limitMs: 1000,
  },
  "swap-no-gap": {
    nats: ["cone", "cone"],
    act: atOnce(({ sites }) => {
      sites.a.connect("c");
      sites.a.disconnect("a");
    }),
    limitMs: 6000,
  },
  "new-address": { nats: ["cone", "cone"], act: atOnce(({ sites }) => sites.a.readdress("a")), limitMs: 6000 },
  "rebinding": { nats: ["cone", "cone"], act: atOnce(({ sites }) => sites.a.router.rebind()), limitMs: 6000 },
  "direct-dies": { nats: ["cone", "cone"], act: atOnce((laboratory) => laboratory.blockDirect(true)), limitMs: 9500 },
  "silent-3": silent(3000, { limitMs: Infinity, isKept: true }),
  "silent-10": silent(10_000, { limitMs: 3500 }),
  "silent-50": silent(50_000, { limitMs: 8000 }),
};
