import type { TransportSocket } from "./transport.js";

/** @internal A WebSocket that opens while the module is still on its way. */
export class HeadStart {
  #socket: WebSocket | undefined;

  constructor(url: string) {
    try {
      this.#socket = new WebSocket(url);
    } catch {
      // The module's own attempt fails too, and is told.
    }
  }

  /** Hands the socket over, once, if it is alive. No server speaks before `hello`, so nothing but `open` can have been missed. */
  take(): TransportSocket | undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket?.readyState === WebSocket.OPEN) queueMicrotask(() => socket.onopen?.(new Event("open")));
    return socket && socket.readyState <= WebSocket.OPEN ? socket : undefined;
  }

  /** Nobody will take it. */
  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}

let isStarted = false;

/**
 * @internal The first connection of a page starts the browser's threads for WebRTC, which takes milliseconds: better while the module
 * is fetched than in a call.
 */
export function startWebRtc(): void {
  if (isStarted) return;
  isStarted = true;
  try {
    new RTCPeerConnection().close();
  } catch {
    // The first call tells why.
  }
}
