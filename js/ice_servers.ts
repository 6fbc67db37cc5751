import { dictionary, numberIn, refuse } from "./arguments.js";
import { SignalingError } from "./errors.js";

/** ICE servers whose credentials end. */
export interface IceServersWithLifetime {
  /** The servers, as in `rtc.iceServers`. */
  readonly iceServers: readonly RTCIceServer[];
  /** For how long the credentials are valid from now on, in milliseconds; at least 1000. */
  readonly lifetimeMs: number;
}

/** What an `IceServersSource` returns: servers for good, or with the lifetime of their credentials. */
export type IceServersAnswer = readonly RTCIceServer[] | IceServersWithLifetime;

/** Returns ICE servers, such as a TURN server with credentials that your application's server issues, or a promise of them. */
export type IceServersSource = () => IceServersAnswer | PromiseLike<IceServersAnswer>;

/** How long anything waits for an answer, in milliseconds. */
const WAIT_MS = 3000;
/** The first wait after a failure, in milliseconds; each further one is twice as long, up to the last. */
const FIRST_RETRY_MS = 10_000;
const LAST_RETRY_MS = 300_000;
/** The longest wait of a browser's timer, in milliseconds (HTML §8.6: a signed 32-bit integer). */
const LONGEST_MS = 2_147_483_647;

/** @internal What ICE servers are for. */
export interface IceServersUse {
  /** The connections that there are. */
  connections(): readonly RTCPeerConnection[];
  /** Hears that the configuration has other servers. */
  changed(): void;
  /** Hears of each time that there were no servers. */
  failed(error: SignalingError): void;
}

/** @internal Asks the application for ICE servers, and asks again when half of their life is over. */
export class IceServers {
  readonly #source: IceServersSource | undefined;
  readonly #configuration: RTCConfiguration;
  /** Those of the option `rtc`. */
  readonly #given: readonly RTCIceServer[];
  readonly #use: IceServersUse;
  #asked = 0;
  #asking: Promise<void> | undefined;
  /** When half of the life of what is known is over, by the wall clock, as servers count; -Infinity: nothing is known. */
  #renewAt = -Infinity;
  #retryMs = FIRST_RETRY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** Every connection that is made later has `configuration`, whose servers are changed here. */
  constructor(source: IceServersSource | undefined, configuration: RTCConfiguration, use: IceServersUse) {
    this.#source = source;
    this.#configuration = configuration;
    this.#given = configuration.iceServers ?? [];
    this.#use = use;
  }

  /**
   * Asks, unless what is known is not past half of its life. Returns a promise that resolves when the servers are there, and never later than
   * after 3 s; `undefined` where nothing is to be waited for.
   */
  fresh(): Promise<void> | undefined {
    if (!this.#source || this.#isClosed || Date.now() < this.#renewAt || !globalThis.RTCPeerConnection) return undefined;
    this.#asking ??= this.#ask(this.#source).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  /** Asks no more, for good. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #ask(source: IceServersSource): Promise<void> {
    const number = ++this.#asked;
    clearTimeout(this.#timer);
    let late: ReturnType<typeof setTimeout> | undefined;
    try {
      // The application is called when nothing of this script is on the stack. An answer that comes late still counts.
      const answer = Promise.resolve()
        .then(source)
        .then((given) => {
          if (number === this.#asked && !this.#isClosed) this.#take(given);
        });
      const silence = new Promise<void>((_, reject) => {
        late = setTimeout(() => reject(new Error(`no answer in ${WAIT_MS} ms`)), WAIT_MS);
      });
      await Promise.race([answer, silence]);
    } catch (cause) {
      if (this.#isClosed) return;
      this.#again(this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
      this.#use.failed(new SignalingError("ice-servers-unavailable", true, { detail: String(cause) }, cause));
    } finally {
      clearTimeout(late);
    }
  }

  #take(answer: IceServersAnswer): void {
    const { iceServers, lifetimeMs }: Partial<IceServersWithLifetime> = Array.isArray(answer)
      ? { iceServers: answer }
      : dictionary("what iceServers() returned", answer as IceServersWithLifetime);
    if (!Array.isArray(iceServers) || !iceServers.every((server) => Object(server) === server && "urls" in server)) {
      refuse("what iceServers() returned", answer, "an array of RTCIceServer, or an object with iceServers and lifetimeMs");
    }
    // The browser throws where it understands one of them not, and would throw for each connection later.
    const servers = [...this.#given, ...iceServers];
    new RTCPeerConnection({ iceServers: servers }).close();
    const half = numberIn("lifetimeMs", lifetimeMs, Infinity, 1000, Infinity) / 2;
    this.#renewAt = Date.now() + half;
    this.#retryMs = FIRST_RETRY_MS;
    this.#again(half);
    this.#configuration.iceServers = servers;
    this.#use.changed();
    for (const connection of this.#use.connections()) {
      // One that the application closed itself throws. The next offer of the others restarts ICE (measured in both browsers).
      if (connection.signalingState !== "closed") connection.setConfiguration({ ...connection.getConfiguration(), iceServers: servers });
    }
  }

  #again(wait: number): void {
    clearTimeout(this.#timer);
    if (wait < Infinity) this.#timer = setTimeout(() => void this.fresh(), Math.min(wait, LONGEST_MS));
  }
}
