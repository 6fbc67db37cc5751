// A cable that can be cut: the transport of the client, which keeps hold of the WebSocket in order to take it away.

const CUT_MS = 3_000;
/** RFC 6455 §7.4.1: the connection ended without a close frame. A page cannot do this to its socket, hence the wire below. */
const ABNORMAL = 1006;
/** Private use (RFC 6455 §7.4.2): what the server sees. It got no goodbye, so the peer is lost to it and not gone. */
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

  /** As if a cable were cut: nothing more comes through, in either direction. */
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

  /** What `SignalingClient` takes as its `transport`. While the cable is cut, every attempt fails at once. */
  open = (url) => (this.#wire = new Wire(this.remainingMs > 0 ? undefined : url));

  /** How long the cable stays cut. */
  get remainingMs() {
    return Math.max(0, this.#cutUntil - performance.now());
  }

  /** Cuts the cable for some time; answers for how many milliseconds. */
  cut() {
    this.#cutUntil = performance.now() + CUT_MS;
    this.#wire?.cut();
    return CUT_MS;
  }
}
