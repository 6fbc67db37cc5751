// The link to the server, as it is shown: a word in the header, and a calm banner while it is not there.

const WORDS = { idle: "starting …", connecting: "connecting …", connected: "connected", reconnecting: "reconnecting …", closed: "closed" };
const BANNER_AFTER_MS = 400;

export class LinkView {
  #state = document.querySelector("[data-testid=link-state]");
  #banner = document.querySelector("#banner");
  #text = document.querySelector("#banner-text");
  #action = document.querySelector("#banner-action");
  #timer = 0;

  show(state) {
    this.#state.dataset.state = state;
    this.#state.textContent = WORDS[state] ?? state;
    clearTimeout(this.#timer);
    if (state === "connected") this.#banner.hidden = true;
    // A link that is back at once is not worth a word.
    if (state === "reconnecting") {
      this.#timer = setTimeout(() => this.#say("The link to the server is down. It comes back by itself; your connections and messages go on."), BANNER_AFTER_MS);
    }
  }

  /** It is over, for good. */
  end(text, label = "Start again", href = location.href) {
    clearTimeout(this.#timer);
    this.#say(text);
    this.#action.textContent = label;
    this.#action.href = href;
    this.#action.hidden = false;
  }

  #say(text) {
    this.#text.textContent = text;
    this.#action.hidden = true;
    this.#banner.hidden = false;
  }
}
