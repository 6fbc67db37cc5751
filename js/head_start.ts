import { requireGlobals } from "./host.js";
import { type Transport, announce, webSocket } from "./transport.js";

/** @internal A WebSocket that opens while the module is still on its way. */
export class HeadStart {
  #socket: WebSocket | undefined;

  constructor(url: string) {
    try {
      const socket = new WebSocket(url);
      this.#socket = socket;
      // Node's WebSocket goes on saying that it connects.
      socket.onerror = () => (this.#socket = undefined);
    } catch {
      // The module's own attempt fails too, and reports it.
    }
  }

  /** Hands the socket over, once, if it is alive. No server speaks before `hello`, so nothing but `open` can have been missed. */
  take(): WebSocket | undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket || socket.readyState > WebSocket.OPEN) return undefined;
    announce(socket);
    return socket;
  }

  /** Nobody will take it. */
  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}

/** @internal A head start, unless the application has a way of its own to the server. */
export function headStart(transport: Transport, url: string): HeadStart | undefined {
  if (transport !== webSocket) return undefined;
  requireGlobals(["WebSocket"], "give the client a transport");
  return new HeadStart(url);
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
