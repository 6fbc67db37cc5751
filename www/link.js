// Shows the link to the server: a word in the header, a sentence beside the chart, and a calm banner while there is no link.
import { reasonInWords } from "./reason.js";

const WORDS = {
  idle: "not connected",
  connecting: "connecting …",
  connected: "connected",
  reconnecting: "reconnecting …",
  closed: "closed",
};
/** Why the session is a new one, in words. */
const LOSSES = {
  "session-expired": "this client was away for too long, or the server restarted",
  "position-lost": "the server no longer has all its messages",
};
const BANNER_AFTER_MS = 400;
const NOTE_MS = 8_000;
const TICK_MS = 100;

export class LinkView {
  #state = document.querySelector("[data-testid=link-state]");
  #reason = document.querySelector("[data-testid=link-reason]");
  #note = document.querySelector("[data-testid=resume-note]");
  #cut = document.querySelector("[data-testid=cut-socket]");
  #banner = document.querySelector("#banner");
  #text = document.querySelector("#banner-text");
  #action = document.querySelector("#banner-action");
  #timer = 0;
  #noteTimer = 0;
  #since = performance.now();
  #transport;
  #write;

  /** `write(text, tone)`: an entry of the logbook. */
  constructor(transport, write) {
    this.#transport = transport;
    this.#write = write;
    this.#cut.addEventListener("click", () => this.#cutNow());
  }

  show(state, reason) {
    const before = this.#state.dataset.state;
    const lasted = performance.now() - this.#since;
    for (const element of document.querySelectorAll("[data-testid=link-state], #link-word")) {
      element.dataset.state = state;
      element.textContent = WORDS[state] ?? state;
    }
    if (state !== before) this.#since = performance.now();
    this.#explain(state, reason, before, lasted);
    this.#cut.setAttribute("aria-disabled", String(state !== "connected"));
    clearTimeout(this.#timer);
    if (state !== "connected") this.#note.textContent = "";
    if (state === "connected") this.#banner.hidden = true;
    // A link that is back at once needs no banner.
    if (state === "reconnecting") {
      this.#timer = setTimeout(
        () => this.#say("No link to the server. This page restores it by itself. Everything else goes on."),
        BANNER_AFTER_MS,
      );
    }
  }

  /** Shows that the link is back, with its former session or with a new one. */
  resume(resumed, reason) {
    this.#note.textContent = resumed ? "resumed" : "new session";
    this.#note.dataset.resumed = resumed;
    clearTimeout(this.#noteTimer);
    this.#noteTimer = setTimeout(() => (this.#note.textContent = ""), NOTE_MS);
    if (resumed) this.#write("Session: resumed, nothing was lost", "good");
    else
      this.#write(
        `Session: a new one${reason && ` (${reason}: ${LOSSES[reason] ?? "the server said so"})`}; this page enters the room again`,
        "bad",
      );
  }

  /** Shows that the link is over for good. */
  end(text, label = "Start again", href = location.href) {
    clearTimeout(this.#timer);
    this.#say(text);
    this.#action.textContent = label;
    this.#action.href = href;
    this.#action.hidden = false;
  }

  #explain(state, reason, before, lasted) {
    const words = reasonInWords(reason);
    const seconds = `${(lasted / 1000).toFixed(1)} s`;
    if (state === "connected" && before === "reconnecting") {
      this.#reason.textContent = `The link was lost for ${seconds} and came back by itself.`;
      this.#write(`Server: back after ${seconds}`, "good");
    } else if (state === "connected") {
      this.#reason.textContent = "The server only introduces peers to each other. Your messages do not go through it.";
      this.#write("Server: connected", "good");
    } else {
      this.#reason.textContent = words || (state === "reconnecting" ? "Waiting for the next attempt." : "");
      if (state === "reconnecting" || state === "closed") this.#write(`Server: ${state}${words && ` (${words})`}`, "bad");
    }
  }

  #cutNow() {
    if (this.#cut.getAttribute("aria-disabled") === "true") return;
    this.#write("You cut the socket");
    this.#transport.cut();
    const label = this.#cut.querySelector("span");
    const words = label.textContent;
    const timer = setInterval(() => {
      const left = this.#transport.remainingMs;
      label.textContent = left > 0 ? `Cut for ${(left / 1000).toFixed(1)} s` : words;
      if (left === 0) clearInterval(timer);
    }, TICK_MS);
  }

  #say(text) {
    this.#text.textContent = text;
    this.#action.hidden = true;
    this.#banner.hidden = false;
  }
}
