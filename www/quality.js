// Says in a few words which way the packets go and how long they take, and draws the last round trips as a line.

const KINDS = { host: "local", srflx: "reflexive", prflx: "reflexive", relay: "relay" };
const SHOWN = 30;

/** Calls `show(quality | undefined)` about every two seconds while the peer is connected. */
export function watchQuality(peer, show) {
  peer.addEventListener("quality", ({ stats }) => show(described(stats)));
  peer.addEventListener("statechange", ({ state }) => state !== "connected" && show(undefined));
  // The first figures should not wait for the first event.
  peer.addEventListener("open", () =>
    peer.stats().then(
      (stats) => show(described(stats)),
      () => {},
    ),
  );
}

/** Returns { relayed, words, roundTripMs } of `PeerStats`, or undefined if no pair is in use. */
function described({ path, localCandidateType, remoteCandidateType, protocol, roundTripTimeMs }) {
  if (path === undefined) return undefined;
  const ends = [localCandidateType, remoteCandidateType].filter(Boolean).map((kind) => KINDS[kind] ?? kind);
  const words = [path === "relay" ? "relayed" : "direct", ends.join(" ↔ "), protocol].filter(Boolean).join(" · ");
  return { relayed: path === "relay", words, roundTripMs: roundTripTimeMs };
}

/** A small chart of the last round trips. */
export class RoundTrips {
  #values = [];
  #line;
  #figure;

  constructor(element) {
    this.#line = element.querySelector("polyline");
    this.#figure = element.querySelector(".figure");
  }

  add(milliseconds) {
    this.#values.push(milliseconds);
    this.#values.splice(0, this.#values.length - SHOWN);
    this.#draw();
  }

  clear() {
    this.#values = [];
    this.#draw();
  }

  #draw() {
    const last = this.#values.at(-1);
    this.#figure.textContent = last === undefined ? "–" : inWords(last);
    const most = Math.max(2, ...this.#values);
    const step = 60 / (SHOWN - 1);
    const from = 60 - step * (this.#values.length - 1);
    const points = this.#values.map((ms, at) => `${(from + step * at).toFixed(1)},${(15 - (13 * ms) / most).toFixed(1)}`);
    // One value alone is a short line.
    if (points.length === 1) points.unshift(points[0].replace(/^60\.0/, "56"));
    this.#line.setAttribute("points", points.join(" "));
  }
}

/** "< 1 ms" or "31 ms". */
export const inWords = (milliseconds) =>
  milliseconds < 0.1 ? "< 1 ms" : `${milliseconds < 10 ? Math.round(10 * milliseconds) / 10 : Math.round(milliseconds)} ms`;
