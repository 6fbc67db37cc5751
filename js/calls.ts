import { aborted, endedByApplication } from "./call_options.js";
import type { SignalingError } from "./errors.js";

/** What a call of the module resolves with. */
export interface Listed {
  readonly peers: readonly object[];
  readonly cursor: string | undefined;
}

interface Pending {
  resolve(value: Listed): void;
  reject(error: SignalingError): void;
}

/** @internal The promises that the module settles, by number. */
export class Calls {
  #last = 0;
  readonly #pending = new Map<number, Pending>();

  /**
   * Starts a call; `cancel` tells the module that nobody waits any more. `take` gets the answer at once: what the
   * module tells next may change it, and the promise's own listeners come later.
   */
  start(
    begin: (call: number) => void | Promise<void>,
    cancel: (call: number) => void,
    signal?: AbortSignal,
    take?: (value: Listed) => void,
  ): Promise<Listed> {
    return new Promise<Listed>((resolve, reject) => {
      if (signal?.aborted) return reject(aborted(signal));
      const call = ++this.#last;
      const abort = () => {
        if (signal) this.reject(call, aborted(signal));
        cancel(call);
      };
      const done = () => {
        this.#pending.delete(call);
        signal?.removeEventListener("abort", abort);
      };
      this.#pending.set(call, {
        resolve: (value) => {
          done();
          take?.(value);
          resolve(value);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
      signal?.addEventListener("abort", abort);
      const failed = (thrown: unknown) => {
        done();
        reject(thrown);
      };
      try {
        begin(call)?.catch(failed);
      } catch (thrown) {
        failed(thrown);
      }
    });
  }

  /** Whether this call is still pending. */
  has(call: number): boolean {
    return this.#pending.has(call);
  }

  resolve(call: number, value: Listed): void {
    this.#pending.get(call)?.resolve(value);
  }

  reject(call: number, error: SignalingError): void {
    if (error.code === "closed") endedByApplication(error);
    this.#pending.get(call)?.reject(error);
  }

  /** Nothing that waits will be answered. */
  fail(error: SignalingError): void {
    for (const call of this.#pending.keys()) this.reject(call, error);
  }
}
