import glue, { type Client, type Functions } from "#glue";
import { internal, invalidArgument } from "./errors.js";

/** @internal One instance of the WebAssembly module. */
export interface Instance {
  readonly Client: typeof Client;
  /** Told once, when it ended, with what was thrown. */
  readonly clients: Set<(cause: unknown) => void>;
  /** Once it ended, what was thrown: it is no longer entered, and what is called answers nothing of use. */
  readonly over: { readonly cause: unknown } | undefined;
}

/** What a function of a module that ended answers: the glue looks for results and errors in a list. */
const NO_RESULTS: readonly unknown[] = [];

/**
 * @internal Instantiates the module. Whatever is thrown out of it, a trap (WebAssembly JavaScript Interface, §5) or an
 * exception that passed through, leaves it in the middle of something: it ended.
 */
export async function instantiate(module: WebAssembly.Module, ended: () => void): Promise<Instance> {
  const { Client, imports, start, held } = glue();
  const clients = new Set<(cause: unknown) => void>();
  let over: { cause: unknown } | undefined;
  let isTold = false;

  const tell = () => {
    // Every object that the module holds: sockets, connections, ports, and what removes its listeners; but not the window and
    // its document.
    const objects = held();
    for (let at = 0; at < objects.length; at++) {
      const object = objects.get(at);
      try {
        if (object.location) continue;
        if (object instanceof AbortController) object.abort();
        else object.close();
      } catch {
        // It is none that can be closed.
      }
    }
    for (const client of clients) client(over?.cause);
  };
  const entered =
    (act: Functions[string]) =>
    (...given: unknown[]) => {
      try {
        if (!over) return act(...given);
      } catch (cause) {
        over ??= { cause };
      }
      // Not now: the application may be on the stack, or the stack be full. Then the next entry tries again.
      if (!isTold) {
        ended();
        queueMicrotask(tell);
        isTold = true;
      }
      return NO_RESULTS;
    };
  // What ended while it called the browser does not go on.
  const left =
    (act: Functions[string]) =>
    (...given: unknown[]) => {
      const result = act(...given);
      if (over) throw over.cause;
      return result;
    };

  const { exports } = await WebAssembly.instantiate(
    module,
    mapped(imports, (part) => mapped(part, left)),
  );
  start(mapped(exports as Functions, (part) => (typeof part === "function" ? entered(part) : part)));
  return {
    Client,
    clients,
    get over() {
      return over;
    },
  };
}

/** @internal Calls the module. What it throws is the caller's mistake, unless the instance ended. */
export function enter<T>(instance: Instance | undefined, act: () => T): T {
  const ended = () => instance?.over && internal(instance.over.cause);
  let result: T;
  try {
    result = act();
  } catch (thrown) {
    throw ended() ?? invalidArgument(thrown);
  }
  const over = ended();
  if (over) throw over;
  return result;
}

function mapped<T>(parts: Record<string, T>, change: (part: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, change(part)]));
}
