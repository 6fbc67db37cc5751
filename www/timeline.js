// How long each phase of a connection took: a figure each, and where in the whole it lies.

const PHASES = [
  ["discovery", "Discovery", "The lookup that found the peer, before the connection began"],
  ["offer", "Offer", "From the start until the offer was sent or arrived"],
  ["answer", "Answer", "From the start until the answer was sent or arrived"],
  ["firstCandidate", "First candidate", "From the start until the other side’s first candidate arrived"],
  ["pair", "Pair", "From the start until a pair of candidates was connected"],
  ["open", "Open", "From the start until data could flow"],
];

/** The timeline of one tile. */
export class TimelineView {
  element = document.createElement("details");
  #summary = document.createElement("summary");
  #total = document.createElement("strong");
  #rows = new Map();

  constructor() {
    this.element.className = "timeline";
    this.element.open = true;
    this.#summary.append("Timeline ", this.#total);
    const list = document.createElement("dl");
    for (const [phase, label, meaning] of PHASES) {
      const row = document.createElement("div");
      row.className = "phase";
      row.dataset.phase = phase;
      row.title = meaning;
      const term = document.createElement("dt");
      term.textContent = label;
      const track = document.createElement("dd");
      track.className = "track";
      track.setAttribute("aria-hidden", "true");
      const bar = document.createElement("span");
      track.append(bar);
      const figure = document.createElement("dd");
      figure.className = "figure";
      row.append(term, track, figure);
      list.append(row);
      this.#rows.set(phase, { row, bar, figure });
    }
    this.element.append(this.#summary, list);
    this.show({});
  }

  /** Shows a `Timeline` of Signalpost. */
  show(timeline) {
    const before = timeline.discovery ?? 0;
    const known = PHASES.map(([phase]) => [phase, timeline[phase]]).filter(([phase, ms]) => phase !== "discovery" && ms !== undefined);
    known.sort(([, a], [, b]) => a - b);
    const end = before + (known.at(-1)?.[1] ?? 0);
    const begins = new Map([["discovery", -before]]);
    let last = 0;
    for (const [phase, ms] of known) {
      begins.set(phase, last);
      last = ms;
    }
    for (const [phase, { row, bar, figure }] of this.#rows) {
      const ms = timeline[phase];
      row.classList.toggle("known", ms !== undefined);
      figure.textContent = ms === undefined ? "–" : `${ms} ms`;
      const from = ms === undefined || end === 0 ? 0 : (begins.get(phase) + before) / end;
      const until = ms === undefined || end === 0 ? 0 : ((phase === "discovery" ? 0 : ms) + before) / end;
      bar.style.setProperty("--from", from.toFixed(4));
      bar.style.setProperty("--size", (until - from).toFixed(4));
    }
    this.#total.textContent = timeline.open === undefined ? "" : `open in ${timeline.open} ms`;
  }
}
