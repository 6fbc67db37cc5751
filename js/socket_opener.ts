import { type HeadStart, headStart } from "./head_start.js";
import { type Transport, type TransportSocket, socketOf, webSocket } from "./transport.js";

/** @internal Opens the sockets of a client, and keeps why the last attempt failed. */
export class SocketOpener {
  readonly #transport: Transport;
  readonly #endpoint: () => string;
  readonly #refused: (error: unknown) => void;
  #headStart: HeadStart | undefined;
  #thrown: unknown;

  /** The opener calls `refused` with the error if the transport returned a value that is not a socket. */
  constructor(transport: Transport, endpoint: () => string, refused: (error: unknown) => void) {
    this.#transport = transport;
    this.#endpoint = endpoint;
    this.#refused = refused;
  }

  /** The error that the transport threw, or with which its promise rejected, at the last attempt. The module gets only a text of it. */
  get thrown(): unknown {
    return this.#thrown;
  }

  /** Begins to open the first socket while the browser still loads the module. */
  beginEarly(): void {
    this.#headStart ??= headStart(this.#transport, this.#endpoint());
  }

  /** Closes a socket that was opened early and that nobody took. */
  endEarly(): void {
    this.#headStart?.close();
    this.#headStart = undefined;
  }

  /** Returns the early socket for an attempt of the module, once. */
  take(): WebSocket | undefined {
    this.#thrown = undefined;
    return this.#headStart?.take();
  }

  /** Keeps the error that was thrown in place of a socket. */
  failed(reason: unknown): void {
    this.#thrown = reason;
  }

  /** The function that calls the application's transport, unless the module opens sockets itself. */
  get transport(): (() => TransportSocket) | undefined {
    if (this.#transport === webSocket) return undefined;
    return () => {
      this.#thrown = undefined;
      return socketOf(this.#transport(this.#endpoint()), this.#refused, (reason) => this.failed(reason));
    };
  }

  /** The address of the server. */
  get url(): string {
    return this.#endpoint();
  }
}
