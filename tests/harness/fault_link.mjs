// One TCP connection through the fault proxy: two directions, each with its own queue, and the commands of a test on them.
import { WebSocketStream } from "./websocket_stream.mjs";

export class Link {
  ended;

  /** `rules()` returns the rules that may still apply, `act(act)` does one here, `passed(frame)` and `told()` report that something happened. */
  constructor({ id, page, upstream, act, rules, passed, told }) {
    this.id = id;
    this.at = Date.now();
    const lane = (direction, from, to) =>
      new Lane({
        from,
        to,
        rules: () => rules().filter((rule) => concerns(rule, id, direction)),
        passed: (frame) => passed({ at: Date.now(), link: id, direction, ...frame }),
        act,
        told,
      });
    this.up = lane("up", page, upstream);
    this.down = lane("down", upstream, page);
    page.once("close", () => {
      this.ended ??= Date.now();
      told();
    });
  }

  start() {
    this.up.start();
    this.down.start();
  }

  /** Ends the connection, on both sides or one, once everything that passed is written: by a reset, or by TCP's FIN alone. */
  cut(how, to) {
    this.up.close();
    this.down.close();
    if (to !== "server") this.down.end(how);
    if (to !== "page") this.up.end(how);
    this.ended ??= Date.now();
  }

  report() {
    return { id: this.id, at: this.at, ended: this.ended, up: this.up.report(), down: this.down.report() };
  }
}

const concerns = (rule, link, direction) =>
  rule.seen === undefined && rule.direction === direction && (rule.link === undefined || rule.link === link);

class Lane {
  #from;
  #to;
  #rules;
  #passed;
  #act;
  #told;
  #stream = new WebSocketStream();
  /** Entries `{ part }`, `{ rest }`, `{ end }` or `{ gone, isBroken }`, in the order of their arrival, each with the time at which it is due. */
  #queue = [];
  #frozen;
  #delayMs = 0;
  #timer;
  #isClosed = false;
  /** How many writes the system has not taken yet, and the callback that waits for them. */
  #writes = 0;
  #afterWrites;
  #head = 0;
  #bytes = 0;
  #swallowed = 0;

  constructor({ from, to, rules, passed, act, told }) {
    this.#from = from;
    this.#to = to;
    this.#rules = rules;
    this.#passed = passed;
    this.#act = act;
    this.#told = told;
  }

  start() {
    const from = this.#from;
    from.on("data", (data) => {
      for (const part of this.#stream.push(data)) this.#take({ part });
    });
    from.on("end", () => {
      this.#take({ rest: this.#stream.rest() });
      this.#take({ end: true });
    });
    from.once("close", (isBroken) => this.#take({ gone: true, isBroken }));
    if (this.#frozen === "stall") from.pause();
    else from.resume();
  }

  report() {
    return { head: this.#head, bytes: this.#bytes, swallowed: this.#swallowed, frozen: this.#frozen };
  }

  delay(ms) {
    this.#delayMs = ms;
  }

  freeze(how) {
    this.#frozen = how;
    if (how === "stall") this.#from.pause();
    else this.#from.resume();
    if (how === "sink") this.#swallow();
  }

  thaw() {
    if (this.#swallowed > 0) throw new Error(`${this.#swallowed} bytes are gone, so nothing can follow them`);
    this.#frozen = undefined;
    this.#from.resume();
    this.#flush();
  }

  /** Lets nothing pass any more. */
  close() {
    this.#isClosed = true;
    this.#queue = [];
    clearTimeout(this.#timer);
    // A side that writes into a cut connection learns of the cut by the connection's end, not by a full window.
    this.#from.resume();
  }

  /** Ends the side to which this direction leads. */
  end(how) {
    this.#afterWrites = () => (how === "reset" ? this.#to.resetAndDestroy() : this.#to.end());
    if (this.#writes === 0) this.#afterWrites();
  }

  #take(item) {
    if (this.#isClosed) {
      if (item.end) this.#from.end();
      return;
    }
    this.#queue.push({ ...item, due: Date.now() + this.#delayMs });
    if (this.#frozen === "sink") this.#swallow();
    else this.#flush();
  }

  #swallow() {
    for (const { part, rest } of this.#queue) this.#swallowed += (part?.bytes ?? rest ?? []).length;
    this.#queue = [];
  }

  #isStopped() {
    return this.#isClosed || this.#frozen !== undefined;
  }

  #flush() {
    clearTimeout(this.#timer);
    while (this.#queue.length > 0 && !this.#isStopped()) {
      const left = this.#queue[0].due - Date.now();
      if (left > 0) {
        this.#timer = setTimeout(() => this.#flush(), left);
        return;
      }
      const kept = this.#deliver(this.#queue.shift());
      if (kept && !this.#isClosed) this.#queue.unshift(kept);
      if (this.#frozen === "sink") this.#swallow();
    }
  }

  /** Lets one item through; returns the rest of it that an act stopped. */
  #deliver(item) {
    const { part, rest, end, isBroken } = item;
    if (part) return this.#pass(item);
    if (rest) this.#write(rest);
    else if (end) this.#to.end();
    else if (isBroken) this.#to.resetAndDestroy();
    else this.#to.destroy();
    return undefined;
  }

  /** Writes a part, and does the acts that are due before it, inside it and after it. */
  #pass({ part, due, isPast = false, written = 0 }) {
    const { bytes, opcode, text } = part;
    const isHead = opcode === undefined;
    const type = text === undefined ? undefined : typeOf(text);
    const use = (rule) => {
      rule.seen = { at: Date.now(), type, text, bytes: this.#bytes };
      for (const act of [rule.act].flat()) this.#act(act);
      this.#told();
      return this.#isStopped();
    };
    const isDue = (rule) => {
      if (isHead) return rule.part === "head";
      if (rule.type === undefined || rule.type !== type) return false;
      rule.nth -= 1;
      return rule.nth === 0;
    };
    if (!isPast) for (const rule of this.#rules()) if (rule.isBefore && isDue(rule) && use(rule)) return { part, due, isPast: true };
    for (const rule of isHead ? [] : this.#rules()) {
      const inside = rule.byte - this.#bytes;
      if (!(inside >= 0 && inside < bytes.length - written)) continue;
      this.#write(bytes.subarray(written, written + inside));
      this.#bytes += inside;
      written += inside;
      if (use(rule)) return { part, due, isPast: true, written };
    }
    this.#write(bytes.subarray(written));
    if (isHead) this.#head = bytes.length;
    else this.#bytes += bytes.length - written;
    if (text !== undefined) this.#passed({ type, text });
    for (const rule of this.#rules()) if (!rule.isBefore && isDue(rule) && use(rule)) break;
    return undefined;
  }

  #write(bytes) {
    if (bytes.length === 0 || !this.#to.writable) return;
    this.#writes += 1;
    this.#to.write(bytes, () => {
      this.#writes -= 1;
      if (this.#writes === 0) this.#afterWrites?.();
    });
  }
}

function typeOf(text) {
  try {
    return JSON.parse(text).type;
  } catch {
    return undefined;
  }
}
