import { refuse } from "./arguments.js";

/** Whatever a socket passes to its listeners: a WebSocket's events, or those of another class. */
// biome-ignore lint/suspicious/noExplicitAny: only `any` fits the listeners of a WebSocket and of every other class
type Listener = ((event: any) => void) | null;

/** Returns a socket to the server, or a promise of one. The client calls it for each attempt to connect. If the promise rejects, the attempt has failed. */
export type Transport = (url: string) => TransportSocket | PromiseLike<TransportSocket>;

/**
 * The socket that a `Transport` returns. It opens, sends, receives and closes, like the `WebSocket` that it replaces. Each message
 * is one text. Messages arrive complete, once and in order.
 */
export interface TransportSocket {
  /** Sends one text. */
  send(text: string): void;
  /** Closes the socket; `onclose` may follow. */
  close(code?: number, reason?: string): void;
  /** Signalpost sets it. The socket calls it once when it is open, and not before `Transport` has returned. */
  onopen: Listener;
  /** Signalpost sets it. The socket calls it with each text as `data`. */
  onmessage: Listener;
  /** Signalpost sets it. The socket may call it when it cannot open. That is the end of the socket, with or without `onclose`. */
  onerror?: Listener;
  /** Signalpost sets it. The socket calls it once at the end, with the close code if there is one (RFC 6455 §7.4). */
  onclose: Listener;
}

/** @internal */
export const webSocket: Transport = (url) => new WebSocket(url);

/** The `readyState` of a socket that is open (WHATWG WebSockets §3.1); higher ones close or are closed. */
const OPEN = 1;

/**
 * @internal What a transport answered, as a socket. For a value that is neither a socket nor a promise of one, `refused` gets the
 * error, which is thrown too where the answer is no promise; `failed` gets what a promise rejected with.
 */
export function socketOf(answer: unknown, refused: (error: unknown) => void, failed: (reason: unknown) => void): TransportSocket {
  const adapter = new SocketAdapter();
  if (typeof (answer as PromiseLike<unknown> | undefined)?.then === "function") {
    adapter.await(answer as PromiseLike<unknown>, refused, failed);
    return adapter;
  }
  let socket: TransportSocket;
  try {
    socket = checked(answer);
  } catch (error) {
    refused(error);
    throw error;
  }
  adapter.adopt(socket);
  return adapter;
}

function checked(answer: unknown): TransportSocket {
  const { send, close } = Object(answer) as TransportSocket;
  if (typeof send === "function" && typeof close === "function") return answer as TransportSocket;
  return refuse("what transport() returned", answer, "an object with send() and close(), such as a WebSocket, or a promise of one");
}

/** @internal Tells of a socket's `open` that came before anybody listened. */
export function announce(socket: TransportSocket): void {
  if ((socket as Partial<WebSocket>).readyState === OPEN) queueMicrotask(() => socket.onopen?.({}));
}

/**
 * Stands between the module and what a transport answered, also until a promised socket is there. The application may call the listeners of
 * its socket whenever it likes, also long after its end: they are functions of this script, which the module's are not.
 */
class SocketAdapter implements TransportSocket {
  onopen: TransportSocket["onopen"] = null;
  onmessage: TransportSocket["onmessage"] = null;
  onclose: TransportSocket["onclose"] = null;
  onerror: Listener = null;
  #socket: TransportSocket | undefined;
  /** The arguments of `close()`, once it was called. */
  #closedWith: [code?: number, reason?: string] | undefined;

  /** Adopts the socket that a promise resolves with. */
  await(promise: PromiseLike<unknown>, refused: (error: unknown) => void, failed: (reason: unknown) => void): void {
    const over = (reason: unknown) => {
      failed(reason);
      this.onclose?.({});
    };
    const kept = (answer: unknown) => {
      try {
        return checked(answer);
      } catch (error) {
        // Nobody asks any more what became of an attempt that was given up.
        if (!this.#closedWith) refused(error);
        throw error;
      }
    };
    promise.then((answer) => this.adopt(kept(answer))).then(undefined, over);
  }

  /** A browser's report of what a policy forbids names the address. */
  get url(): string | undefined {
    return (this.#socket as Partial<WebSocket> | undefined)?.url;
  }

  send(text: string): void {
    this.#socket?.send(text);
  }

  close(...given: [code?: number, reason?: string]): void {
    this.#closedWith = given;
    this.#socket?.close(...given);
  }

  /** Passes on what the socket tells, and tells the socket what it is asked. */
  adopt(socket: TransportSocket): void {
    this.#socket = socket;
    socket.onerror = (event) => this.onerror?.(event);
    if (this.#closedWith) {
      socket.close(...this.#closedWith);
      return;
    }
    socket.onopen = (event) => this.onopen?.(event);
    socket.onmessage = (event) => this.onmessage?.(event);
    socket.onclose = (event) => this.onclose?.(event);
    if (((socket as Partial<WebSocket>).readyState ?? OPEN) > OPEN) this.onclose?.({});
    announce(socket);
  }
}
