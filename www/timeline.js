// Draws how long each phase of a connection took: one bar for each phase, on one scale of milliseconds.

const PHASES = [
  ["discovery", "Discovery", "The lookup that found the peer, before the connection began"],
  ["offer", "Offer", "From the start until the offer was sent or arrived"],
  ["answer", "Answer", "From the start until the answer was sent or arrived"],
  ["firstCandidate", "First candidate", "From the start until the other side’s first candidate arrived"],
  ["pair", "Pair", "From the start until a pair of candidates was connected"],
  ["open", "Open", "From the start until data could flow"],
];
const MOST_TICKS = 5;

/** The distance of the ticks: 1, 2 or 5 times a power of ten. */
function tickStep(span) {
  const least = Math.max(span / MOST_TICKS, 1);
  const power = 10 ** Math.floor(Math.log10(least));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= least);
}

function made(name, className, text = "") {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = text;
  return element;
}

/** The timeline of one tile. */
export class TimelineView {
  element = made("details", "timeline");
  #total = made("strong", "");
  #scale = made("div", "scale");
  #rows = new Map();

  constructor() {
    this.element.open = true;
    const summary = made("summary", "");
    summary.append("Timeline ", this.#total);
    const list = document.createElement("dl");
    for (const [phase, label, meaning] of PHASES) {
      const row = made("div", "phase");
      row.dataset.phase = phase;
      row.title = meaning;
      const track = made("dd", "track");
      track.setAttribute("aria-hidden", "true");
      const bar = document.createElement("span");
      track.append(bar);
      const figure = made("dd", "figure");
      row.append(made("dt", "", label), track, figure);
      list.append(row);
      this.#rows.set(phase, { row, bar, figure });
    }
    this.#scale.setAttribute("aria-hidden", "true");
    this.element.append(summary, list, this.#scale);
    this.show({});
  }

  /** Shows a `Timeline` of Signalpost. Discovery lies before zero; each bar begins where the phase before it ended. */
  show(timeline) {
    const before = timeline.discovery ?? 0;
    const known = PHASES.map(([phase]) => [phase, timeline[phase]]).filter(([phase, ms]) => phase !== "discovery" && ms !== undefined);
    known.sort(([, a], [, b]) => a - b);
    const end = known.at(-1)?.[1] ?? 0;
    const span = Math.max(before + end, 1);
    const place = (ms) => (ms + before) / span;
    const bars = new Map();
    if (timeline.discovery !== undefined) bars.set("discovery", [-before, 0]);
    let last = 0;
    for (const [phase, ms] of known) {
      bars.set(phase, [last, ms]);
      last = ms;
    }
    for (const [phase, { row, bar, figure }] of this.#rows) {
      const ms = timeline[phase];
      const [from, until] = bars.get(phase) ?? [-before, -before];
      row.classList.toggle("known", ms !== undefined);
      figure.textContent = ms === undefined ? "–" : `${ms} ms`;
      bar.style.setProperty("--from", place(from).toFixed(4));
      bar.style.setProperty("--size", (place(until) - place(from)).toFixed(4));
    }
    this.#total.textContent = timeline.open === undefined ? "" : `open in ${timeline.open} ms`;
    this.#drawScale(before, end, span, place);
  }

  /** Draws a scale like that at the edge of a sea chart: black and white in turn, with figures. */
  #drawScale(before, end, span, place) {
    this.#scale.replaceChildren();
    this.#scale.hidden = end === 0;
    if (end === 0) return;
    const step = tickStep(span);
    let dark = true;
    for (let from = Math.ceil(-before / step) * step; from <= end; from += step) {
      const part = made("span", dark ? "part dark" : "part");
      part.style.setProperty("--from", place(from).toFixed(4));
      part.style.setProperty("--size", (Math.min(step, end - from) / span).toFixed(4));
      const figure = made("span", "tick", String(from));
      figure.style.setProperty("--from", place(from).toFixed(4));
      this.#scale.append(part, figure);
      dark = !dark;
    }
  }
}
