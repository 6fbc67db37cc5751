import { type HeadStart, headStart } from "./head_start.js";
import { type Transport, type TransportSocket, socketOf, webSocket } from "./transport.js";

/** @internal Opens the sockets of a client, as far as the module does not, and keeps why the last attempt failed. */
export class SocketOpener {
  /** Opens a socket of the application's transport; `undefined` where the module opens a `WebSocket` itself. */
  readonly ofTransport: (() => TransportSocket) | undefined;
  readonly #begin: () => HeadStart | undefined;
  #headStart: HeadStart | undefined;
  #thrown: unknown;

  /** `refused` hears, with the error, that the transport answered something that is no socket. */
  constructor(transport: Transport, endpoint: () => string, refused: (error: unknown) => void) {
    this.#begin = () => headStart(transport, endpoint());
    if (transport === webSocket) return;
    this.ofTransport = () => {
      this.#thrown = undefined;
      return socketOf(transport(endpoint()), refused, (reason) => this.failed(reason));
    };
  }

  /** What the transport threw, or its promise rejected with, at the last attempt: the module hears no more than a text of it. */
  get thrown(): unknown {
    return this.#thrown;
  }

  failed(thrown: unknown): void {
    this.#thrown = thrown;
  }

  /** Begins to open the first socket while the browser still loads the module. */
  beginEarly(): void {
    this.#headStart ??= this.#begin();
  }

  /** Hands the early socket over, once, at the first attempt. */
  takeEarly(): WebSocket | undefined {
    this.#thrown = undefined;
    return this.#headStart?.take();
  }

  /** Closes an early socket that nobody took. */
  endEarly(): void {
    this.#headStart?.close();
    this.#headStart = undefined;
  }
}
