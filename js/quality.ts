import { type TypedEventTarget, emit } from "./events.js";
import type { PeerPath, PeerStats } from "./peer_stats.js";

const EVERY_MS = 2000;

type Listener = EventListenerOrEventListenerObject | null;

type Listeners = Map<Listener, boolean>;

/** Measures while `quality` or `pathchange` has a listener and the connection is connected; otherwise there is no timer. */
abstract class Measured extends EventTarget {
  abstract readonly state: RTCPeerConnectionState;
  abstract stats(): Promise<PeerStats>;
  /** The listeners, and whether each is for one event only: of the bubbling and of the capturing phase, which `EventTarget` keeps apart. */
  readonly #listeners: Readonly<Record<string, readonly [Listeners, Listeners]>> = {
    quality: [new Map(), new Map()],
    pathchange: [new Map(), new Map()],
  };
  #timer: ReturnType<typeof setInterval> | undefined;
  /** The path that the application knows, and the one that was measured last. */
  #path: PeerPath | undefined;
  #measured: PeerPath | undefined;

  constructor() {
    super();
    super.addEventListener("statechange", () => this.#adjust());
  }

  override addEventListener(type: string, listener: Listener, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(type, listener, options);
    const { once = false, signal } = Object(options) as AddEventListenerOptions;
    const listeners = this.#of(type, options);
    if (!listeners || !listener || signal?.aborted || listeners.has(listener)) return;
    listeners.set(listener, once);
    signal?.addEventListener("abort", () => this.removeEventListener(type, listener, options));
    this.#adjust();
  }

  override removeEventListener(type: string, listener: Listener, options?: boolean | EventListenerOptions): void {
    super.removeEventListener(type, listener, options);
    if (this.#of(type, options)?.delete(listener)) this.#adjust();
  }

  #of(type: string, options: boolean | EventListenerOptions | undefined) {
    return this.#listeners[type]?.[options === true || Object(options).capture ? 1 : 0];
  }

  #adjust(): void {
    const isWanted = this.state === "connected" && Object.values(this.#listeners).some((all) => all.some(({ size }) => size > 0));
    if (isWanted === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = isWanted ? setInterval(() => void this.#measure(), EVERY_MS) : undefined;
  }

  async #measure(): Promise<void> {
    const timer = this.#timer;
    const stats = await this.stats().catch(() => {});
    if (!stats || timer !== this.#timer) return;
    this.#tell("quality", { stats });
    const { path } = stats;
    const previous = this.#path;
    // A path that is seen once may be one of many that the browser tries.
    const isSettled = previous === undefined || path === this.#measured;
    this.#measured = path;
    if (path && path !== previous && isSettled) {
      this.#path = path;
      this.#tell("pathchange", { path, previous, stats });
    }
    this.#adjust();
  }

  #tell(type: string, detail: object): void {
    for (const listeners of this.#listeners[type] ?? []) {
      for (const [listener, once] of listeners) if (once) listeners.delete(listener);
    }
    emit(this, type, detail);
  }
}

/** An `EventTarget` that emits `quality` and `pathchange` while one of them has a listener and the connection is connected. */
export const MeasuredEventTarget = Measured as unknown as new <Events extends Record<keyof Events, Event>>() => TypedEventTarget<Events>;
