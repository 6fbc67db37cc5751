// The cells of the matrix: two kinds of NAT, two browsers, a list of ICE servers. In each, Signalpost is compared with the floor.
import { median } from "../../benches/connect/statistics.mjs";
import { connectOnce } from "./connection.mjs";

/** The pairs of browsers, and the section of docs/connectivity.md with the matrix of each. */
export const PAIRS = [
  { name: "Chromium–Chromium", section: "matrix-chromium", kinds: ["chromium", "chromium"] },
  { name: "Firefox–Firefox", section: "matrix-firefox", kinds: ["firefox", "firefox"] },
  { name: "Chromium–Firefox", section: "matrix-mixed", kinds: ["chromium", "firefox"] },
];

/**
 * Returns the path that two kinds of NAT allow. Filtering by address and port keeps out packets from a mapping that is another for each
 * destination; RFC 5128 §3.3 and §3.4.
 */
export function possiblePath(a, b) {
  const kinds = [a, b];
  if (kinds.includes("udpblocked")) return "relay";
  const isDependent = (kind) => kind === "symmetric";
  const isFiltered = (kind) => kind === "cone" || kind === "symmetric";
  return kinds.some(isDependent) && kinds.every(isFiltered) ? "relay" : "direct";
}

/** How much longer than the floor Signalpost may take: this ratio, or these milliseconds. */
export const LIMIT = { ratio: 1.2, ms: 50 };
export const isWithin = (ms, floor) => ms <= floor * LIMIT.ratio || ms <= floor + LIMIT.ms;

/**
 * Connects `rounds` times with each contender, alternating, after one round that does not count. Each side calls in its turn, with the
 * lower id and with the higher one. Returns `{ signalpost, floor }`: lists of `{ ms, owns, path }`, with `{ error }` for a connection
 * that failed.
 */
export async function measureCell(laboratory, browsers, { nats, kinds, ice = "turn", rounds = 7 }) {
  const tabs = await Promise.all((await browsers.pair(...kinds)).map((browser) => browser.open()));
  const found = { signalpost: [], floor: [] };
  try {
    laboratory.setNats(...nats);
    for (let round = -1; round < rounds; round += 1) {
      const order = round % 2 === 0 ? ["floor", "signalpost"] : ["signalpost", "floor"];
      const turn = (round & 2) === 0 ? tabs : [...tabs].reverse();
      for (const contender of order) {
        const given = { contender, rtc: { iceServers: laboratory.servers.iceServers[ice] }, callerIsLower: (round & 4) === 0 };
        const one = await connectOnce(laboratory.servers, turn, given).catch((error) => ({ error: error.message.split("\n")[0] }));
        if (round >= 0) found[contender].push(one);
      }
    }
  } finally {
    for (const tab of tabs) await tab.close();
  }
  return found;
}

/** Returns `{ path, ms, floor, ratio, problems }` of the results of one cell. */
export function judgeCell(found, expected) {
  const good = (contender) => found[contender].filter(({ error }) => error === undefined);
  const problems = found.signalpost.flatMap(({ error }) => (error === undefined ? [] : [`no connection: ${error}`]));
  const [own, plain] = ["signalpost", "floor"].map(good);
  if (own.length === 0 || plain.length === 0) return { problems: [...problems, "nothing to compare"] };
  const paths = [...new Set(own.map(({ path }) => path))].sort();
  if (paths.some((path) => path !== expected)) problems.push(`the path is ${paths.join(" and ")}, and ${expected} was possible`);
  const [ms, floor] = [own, plain].map((list) => median(list.map((one) => one.ms)));
  if (!isWithin(ms, floor)) problems.push(`${ms.toFixed(0)} ms, and ${floor.toFixed(0)} ms for the floor`);
  return { path: paths.join(", "), ms, floor, ratio: ms / floor, problems };
}
