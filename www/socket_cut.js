// A cable that the page can cut: a transport for the client that holds the WebSocket and can end it.

const CUT_MS = 3_000;
/** RFC 6455 §7.4.1: the connection ended without a close frame. A page cannot do this to its socket, so the wire below does it. */
const ABNORMAL = 1006;
/** The close code that the server sees (private use, RFC 6455 §7.4.2). The server gets no goodbye, so it takes the peer for lost and not for gone. */
const CUT = 4900;

/** The part of a WebSocket that Signalpost uses. */
class Wire {
  onopen = null;
  onmessage = null;
  onclose = null;
  #socket;
  #over = false;

  constructor(url) {
    if (url === undefined) {
      setTimeout(() => this.#end({ code: ABNORMAL }));
      return;
    }
    this.#socket = new WebSocket(url);
    this.#socket.onopen = (event) => this.onopen?.(event);
    this.#socket.onmessage = (event) => this.onmessage?.(event);
    this.#socket.onclose = (event) => this.#end(event);
  }

  send(text) {
    if (!this.#over) this.#socket?.send(text);
  }

  close(code, reason) {
    this.#socket?.close(code, reason);
  }

  /** Acts as if a cable were cut: nothing comes through any more, in either direction. */
  cut() {
    if (!this.#socket || this.#over) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(CUT, "cut");
    this.#end({ code: ABNORMAL });
  }

  #end(event) {
    if (this.#over) return;
    this.#over = true;
    this.onclose?.(event);
  }
}

export class CuttableTransport {
  #wire;
  #cutUntil = 0;

  /** The `transport` for `SignalingClient`. While the cable is cut, every attempt fails at once. */
  open = (url) => (this.#wire = new Wire(this.remainingMs > 0 ? undefined : url));

  /** How long the cable stays cut. */
  get remainingMs() {
    return Math.max(0, this.#cutUntil - performance.now());
  }

  /** Cuts the cable for some time; returns for how many milliseconds. */
  cut() {
    this.#cutUntil = performance.now() + CUT_MS;
    this.#wire?.cut();
    return CUT_MS;
  }
}
