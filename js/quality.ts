import { type TypedEventTarget, emit } from "./events.js";
import type { PeerStats } from "./peer_stats.js";

const EVERY_MS = 2000;

type Listener = EventListenerOrEventListenerObject | null;

/** Measures while `quality` has a listener and the connection is connected; otherwise there is no timer. */
abstract class Measured extends EventTarget {
  abstract readonly state: RTCPeerConnectionState;
  abstract stats(): Promise<PeerStats>;
  /** The listeners, and whether each is for one event only: of the bubbling and of the capturing phase, which `EventTarget` keeps apart. */
  readonly #listeners = [new Map<Listener, boolean>(), new Map<Listener, boolean>()] as const;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    super.addEventListener("statechange", () => this.#adjust());
  }

  override addEventListener(type: string, listener: Listener, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(type, listener, options);
    const { once = false, signal } = Object(options) as AddEventListenerOptions;
    const listeners = this.#of(options);
    if (type !== "quality" || !listener || signal?.aborted || listeners.has(listener)) return;
    listeners.set(listener, once);
    signal?.addEventListener("abort", () => this.removeEventListener(type, listener, options));
    this.#adjust();
  }

  override removeEventListener(type: string, listener: Listener, options?: boolean | EventListenerOptions): void {
    super.removeEventListener(type, listener, options);
    if (type === "quality" && this.#of(options).delete(listener)) this.#adjust();
  }

  #of(options: boolean | EventListenerOptions | undefined) {
    return this.#listeners[options === true || Object(options).capture ? 1 : 0];
  }

  #adjust(): void {
    const isWanted = this.state === "connected" && this.#listeners.some(({ size }) => size > 0);
    if (isWanted === (this.#timer !== undefined)) return;
    clearInterval(this.#timer);
    this.#timer = isWanted ? setInterval(() => void this.#measure(), EVERY_MS) : undefined;
  }

  async #measure(): Promise<void> {
    const timer = this.#timer;
    const stats = await this.stats().catch(() => {});
    if (!stats || timer !== this.#timer) return;
    for (const listeners of this.#listeners) {
      for (const [listener, once] of listeners) if (once) listeners.delete(listener);
    }
    emit(this, "quality", { stats });
    this.#adjust();
  }
}

/** An `EventTarget` that emits `quality` while this event has a listener and the connection is connected. */
export const MeasuredEventTarget = Measured as unknown as new <Events extends Record<keyof Events, Event>>() => TypedEventTarget<Events>;
