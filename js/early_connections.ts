import { SignalingError } from "./errors.js";

/** @internal The connections to peers that the application asked for before there was a module, which takes them over. */
export class EarlyConnections {
  readonly #configuration: RTCConfiguration;
  readonly #connections = new Map<string, RTCPeerConnection>();

  constructor(configuration: RTCConfiguration) {
    this.#configuration = configuration;
  }

  /** The peers that they are to. */
  get peerIds(): readonly string[] {
    return [...this.#connections.keys()];
  }

  open(peerId: string): RTCPeerConnection {
    try {
      const connection = new RTCPeerConnection(this.#configuration);
      this.#connections.set(peerId, connection);
      return connection;
    } catch (cause) {
      throw new SignalingError("connection-unavailable", true, { peerId, detail: String(cause) }, cause);
    }
  }

  /** Hands a connection over, once. */
  take(peerId: string): RTCPeerConnection | undefined {
    const connection = this.#connections.get(peerId);
    this.#connections.delete(peerId);
    return connection;
  }
}
