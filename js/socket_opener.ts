import { type HeadStart, headStart } from "./head_start.js";
import { type Transport, type TransportSocket, socketOf } from "./transport.js";

/** @internal Opens the sockets of a client, and keeps why the last attempt failed. */
export class SocketOpener {
  readonly #transport: Transport;
  readonly #endpoint: () => string;
  readonly #refused: (error: unknown) => void;
  #headStart: HeadStart | undefined;
  #thrown: unknown;

  /** `refused` hears, with the error, that the transport answered something that is no socket. */
  constructor(transport: Transport, endpoint: () => string, refused: (error: unknown) => void) {
    this.#transport = transport;
    this.#endpoint = endpoint;
    this.#refused = refused;
  }

  /** What the transport threw, or its promise rejected with, at the last attempt: the module hears no more than a text of it. */
  get thrown(): unknown {
    return this.#thrown;
  }

  /** Begins to open the first socket while the module is still on its way. */
  beginEarly(): void {
    this.#headStart ??= headStart(this.#transport, this.#endpoint());
  }

  /** Closes a socket that was opened early and that nobody took. */
  endEarly(): void {
    this.#headStart?.close();
    this.#headStart = undefined;
  }

  /** Opens a socket for the module, or hands the early one over. */
  readonly open = (): TransportSocket => {
    this.#thrown = undefined;
    const failed = (reason: unknown) => {
      this.#thrown = reason;
    };
    try {
      return this.#headStart?.take() ?? socketOf(this.#transport(this.#endpoint()), this.#refused, failed);
    } catch (thrown) {
      failed(thrown);
      throw thrown;
    }
  };
}
