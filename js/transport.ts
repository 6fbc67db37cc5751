/** Opens a way to the server; called for each attempt to connect. */
export type Transport = (url: string) => TransportSocket;

/**
 * What a `Transport` answers: it opens, sends, receives and closes, like the `WebSocket` that it stands in for. Each message
 * is one text, and they arrive complete, once and in order.
 */
export interface TransportSocket {
  /** Sends one text. */
  send(text: string): void;
  /** Closes; `onclose` may follow. */
  close(code?: number, reason?: string): void;
  /** Set by Signalpost; to be called once, not before `Transport` has returned. */
  onopen: ((event: any) => void) | null;
  /** Set by Signalpost; to be called with each text as `data`. */
  onmessage: ((event: any) => void) | null;
  /** Set by Signalpost; to be called once at the end, with the close code if there is one (RFC 6455 §7.4). */
  onclose: ((event: any) => void) | null;
}

/** @internal */
export const webSocket: Transport = (url) => new WebSocket(url);
