/** One decision of the client, as `SignalingClientOptions.debug` hears it. */
export interface DebugEntry {
  /** When the entry was made, as `performance.now()` tells it, in milliseconds. */
  readonly timeMs: number;
  /** What the client does: a step of its own, or `"timer"` where it sets the time of its next one. A newer version may have others. */
  readonly action:
    | "open-socket"
    | "send"
    | "close-socket"
    | "create-connection"
    | "operate"
    | "restart-ice"
    | "await-pair"
    | "probe"
    | "close-connection"
    | "candidate-error"
    | "ignore"
    | "settle"
    | "event"
    | "timer"
    | (string & {});
  /** The number of the socket, the connection or the call; `undefined` for an event and the timer. */
  readonly id: number | undefined;
  /** The type of the frame, the close code, the method of the connection, the error code or `"ok"`, the event, or the timer and its time. */
  readonly detail: string;
}

/** Hears what a client decides. */
export type DebugListener = (entry: DebugEntry) => void;

/** @internal Makes the function that the module calls. What the application's function throws is reported, and harms nobody. */
export function tracer(listener: DebugListener | undefined): (action: string, id: number | undefined, detail: string) => void {
  return (action, id, detail) => {
    try {
      listener?.({ timeMs: performance.now(), action, id, detail });
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}
