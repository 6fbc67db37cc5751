import { dictionary, refuse, timeout } from "./arguments.js";
import { SignalingError } from "./errors.js";

/** The options of every asynchronous method, as its last argument. */
export interface CallOptions {
  /**
   * Ends the call: it rejects with `aborted` and the signal's reason as `cause`. If a request or a message is already on its way,
   * the server may still execute it.
   */
  readonly signal?: AbortSignal;
  /** How many milliseconds the call may take. After that it rejects with `timeout`. Each method names its default. */
  readonly timeoutMs?: number;
}

/** @internal The checked options of a call. */
export interface CheckedCallOptions {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
}

/** @internal Throws `invalid-argument` for wrong options. */
export function callOptions(options: CallOptions | undefined): CheckedCallOptions {
  const { signal, timeoutMs } = dictionary("options", options);
  // A signal of another realm is allowed too.
  if (signal !== undefined && typeof signal?.addEventListener !== "function") refuse("signal", signal, "an AbortSignal");
  return { signal, timeoutMs: timeoutMs === undefined ? undefined : timeout(timeoutMs, 0) };
}

/** The errors of calls that the application itself ended, by an `AbortSignal` or by `close()`. */
const ownEnds = new WeakSet<object>();

/** @internal Records that the application itself ended the calls that reject with this error. */
export function endedByApplication(error: SignalingError): SignalingError {
  ownEnds.add(error);
  return error;
}

/**
 * @internal What an aborted call rejects with. It is a `SignalingError`, and not the signal's reason itself, because everything that
 * Signalpost rejects with is one: a `catch` needs one test, and never meets an `undefined` that was given to `abort()`.
 */
export function aborted(signal: AbortSignal): SignalingError {
  return endedByApplication(new SignalingError("aborted", false, {}, signal.reason));
}

/**
 * @internal The promise of an asynchronous method, as the application gets it. It rejects like any other. But when the application
 * itself ended the call, by `close()` or its `AbortSignal`, and handles no rejection, nothing is reported (HTML §8.1.7.3,
 * `unhandledrejection`): it knows. The same holds for the error codes of `unreported`.
 */
export function promised<T>(act: () => Promise<T>, ...unreported: string[]): Promise<T> {
  const promise = new Promise<T>((resolve, reject) => {
    act().then(resolve, (error) => {
      reject(error);
      if (ownEnds.has(error) || unreported.includes(error?.code)) promise.catch(() => {});
    });
  });
  return promise;
}

/**
 * @internal Waits for something that cannot be taken back, no longer than the options let it. Without `timeoutMs` the time is not
 * limited here.
 */
export function bounded<T>(begin: () => Promise<T>, options: CallOptions | undefined): Promise<T> {
  return promised(async () => {
    const { signal, timeoutMs } = callOptions(options);
    if (signal?.aborted) throw aborted(signal);
    return new Promise<T>((resolve, reject) => {
      const abort = () => signal && reject(aborted(signal));
      const late = () => reject(new SignalingError("timeout", true));
      const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
      signal?.addEventListener("abort", abort);
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      begin().finally(done).then(resolve, reject);
    });
  });
}
