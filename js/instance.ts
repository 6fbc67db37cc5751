import glue, { type Client, type Functions } from "#glue";

/** @internal One instance of the WebAssembly module. */
export interface Instance {
  readonly Client: typeof Client;
  /** Told once, when it ended, with what was thrown. */
  readonly clients: Set<(cause: unknown) => void>;
  /** Once it ended, what was thrown: it is no longer entered, and what is called answers `undefined`. */
  readonly over: { readonly cause: unknown } | undefined;
}

/**
 * @internal Instantiates the module. Whatever is thrown out of it, a trap (WebAssembly JavaScript Interface, §5) or an
 * exception that passed through, leaves it in the middle of something: it ended.
 */
export async function instantiate(module: WebAssembly.Module, ended: () => void): Promise<Instance> {
  const { Client, imports, start } = glue();
  const clients = new Set<(cause: unknown) => void>();
  let over: { cause: unknown } | undefined;
  let isTold = false;

  const tell = () => {
    // Every object that the module holds: sockets, connections, ports but not the window and its document.
    const held = exports["__wbindgen_externrefs"] as WebAssembly.Table;
    for (let at = 0; at < held.length; at++) {
      const object = held.get(at);
      try {
        if (!object.location) object.close();
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
      return undefined;
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

function mapped<T>(parts: Record<string, T>, change: (part: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, change(part)]));
}
