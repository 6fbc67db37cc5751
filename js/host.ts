import { SignalingError } from "./errors.js";

/**
 * @internal Throws `unsupported` for the first of these globals that this host does not have. Hosts differ: Node 20 has no
 * `WebSocket`, an older jsdom has no `TextDecoder`.
 */
export function requireGlobals(names: readonly string[], remedy: string): void {
  for (const name of names) {
    if ((globalThis as Record<string, unknown>)[name] === undefined) {
      throw new SignalingError("unsupported", false, { detail: `there is no ${name} here: ${remedy}` });
    }
  }
}

/**
 * @internal Returns the name of an object's class, such as `"URL"`. Unlike `instanceof`, it works for objects of another realm, such as
 * those of an iframe or those that jest gives to a test.
 */
export function className(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
