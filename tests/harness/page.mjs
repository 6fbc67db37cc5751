// One tab. A browser's driver provides `{ run, navigate, capture, dispose }`; everything else is the same for both browsers.
import { setTimeout as sleep } from "node:timers/promises";
import { PageError, evaluateScript, waitScript } from "./page_script.mjs";

const CONSOLE_TAIL = 15;

/** Rejects when the promise takes longer than `ms`: a hanging tab must not hang a test. */
async function within(ms, what, promise) {
  const timer = new AbortController();
  const late = sleep(ms, null, { signal: timer.signal }).then(() => {
    throw new Error(`${what}: no answer in ${ms} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

export class Page {
  #browser;
  #driver;
  #closed = false;

  constructor(browser, driver) {
    this.#browser = browser;
    this.#driver = driver;
  }

  /** The browser of this tab. */
  get browser() {
    return this.#browser;
  }

  /** The entries that the browser's pages wrote to the console: { level, text }, oldest first. */
  get console() {
    return this.#browser.console;
  }

  /** The texts of console errors and uncaught exceptions. */
  get errors() {
    return this.console.filter((entry) => entry.level === "error").map((entry) => entry.text);
  }

  async goto(url, { timeoutMs = 30_000 } = {}) {
    await within(timeoutMs, `${this.#browser.kind}: opening ${url}`, this.#driver.navigate(url));
    return this;
  }

  /**
   * Returns the value of a function (called with `arg`) or of a source text, evaluated in the page; promises are awaited, values are JSON.
   * Tabs of one Firefox take turns: do not await something long in one while another is needed.
   */
  async evaluate(fnOrSource, arg, { timeoutMs = 60_000 } = {}) {
    const script = evaluateScript(fnOrSource, arg);
    const answer = JSON.parse(await within(timeoutMs, `${this.#browser.kind}: evaluate`, this.#driver.run(script)));
    if (answer.error) throw new PageError(answer.error, this.#browser.kind);
    return answer.value;
  }

  /** Evaluates in the page until the value is truthy, and returns it. A navigation meanwhile does no harm. */
  async waitFor(fnOrSource, arg, { timeoutMs = 15_000, what = String(fnOrSource) } = {}) {
    const deadline = Date.now() + timeoutMs;
    let last = "nothing";
    for (;;) {
      const left = deadline - Date.now();
      if (this.#closed || left <= 0) break;
      try {
        const slice = Math.max(1, Math.min(left, this.#driver.sliceMs));
        const answer = JSON.parse(await within(left + 5000, "wait", this.#driver.run(waitScript(fnOrSource, arg, slice))));
        if ("value" in answer) return answer.value;
        last = answer.last;
      } catch (error) {
        last = error.message;
        await sleep(50);
      }
    }
    throw new Error(`${this.#browser.kind}: waited ${timeoutMs} ms for ${what}; last: ${last}${this.#consoleTail()}`);
  }

  /** Presses and releases a key: "Tab", "Shift+Tab", "Enter", "Escape", "Space" or a character. */
  async press(key) {
    await within(10_000, `${this.#browser.kind}: ${key}`, this.#driver.press(key));
  }

  /** Types a text into the element that has the focus. */
  async type(text) {
    for (const character of text) await this.press(character === " " ? "Space" : character);
  }

  /** Sets the size of the page in CSS pixels. Chromium only. */
  async resize(width, height) {
    await within(10_000, `${this.#browser.kind}: resize`, this.#driver.resize(width, height));
  }

  /** Sets the results of media queries: { colorScheme: "light" | "dark", reducedMotion: "reduce" | "no-preference" }. Chromium only. */
  async emulate(media) {
    await within(10_000, `${this.#browser.kind}: emulate`, this.#driver.emulate(media));
  }

  async screenshot(path) {
    await within(30_000, `${this.#browser.kind}: screenshot`, this.#driver.capture(path));
  }

  /** Opens another tab of the same browser. */
  newTab(url) {
    return this.#browser.open(url);
  }

  async close() {
    if (this.#closed) return;
    this.#closed = true;
    await this.#driver.dispose();
  }

  #consoleTail() {
    const tail = this.console.slice(-CONSOLE_TAIL).map(({ level, text }) => `\n    ${level}: ${text}`);
    return tail.length === 0 ? "; the console is empty" : `; console:${tail.join("")}`;
  }
}
