import { invalidArgument } from "./errors.js";

/** @internal Throws `invalid-argument`: the name of what is wrong, its value and what is allowed. */
export function refuse(name: string, value: unknown, allowed: string): never {
  // An object may be large, or refuse to be text.
  const shown = Object(value) === value ? {}.toString.call(value) : typeof value === "string" ? JSON.stringify(value.slice(0, 99)) : String(value);
  throw invalidArgument(`${name} is ${shown}, allowed is ${allowed}`);
}

/** @internal A dictionary (Web IDL): any object; members that are not known are ignored. */
export function dictionary<T extends object>(name: string, value: T | undefined): Partial<T> {
  return value === undefined ? {} : Object(value) === value ? value : refuse(name, value, "an object");
}

/** @internal How many bytes of UTF-8 a text has. */
const bytes = (text: string) => new TextEncoder().encode(text).length;

/** @internal A name, as `crates/protocol/src/id.rs` has them. */
export function text(name: string, value: unknown, most = 128): string {
  return typeof value === "string" && value && bytes(value) <= most && !/[\p{Cc}\p{Cs}]/u.test(value)
    ? value
    : refuse(name, value, `a string of 1 to ${most} bytes of UTF-8 without control characters`);
}

/** @internal The same, if it is given. */
export function optionalText(name: string, value: unknown, most = 128): string | undefined {
  return value === undefined ? value : text(name, value, most);
}

/** @internal A number in these bounds; `fallback` if it is not given. */
export function numberIn(name: string, value: unknown, fallback: number, least: number, most: number, whole = false): number {
  if (value === undefined) return fallback;
  return typeof value === "number" && value >= least && value <= most && (!whole || value % 1 === 0 || value === Infinity)
    ? value
    : refuse(name, value, `a ${whole ? "whole " : ""}number from ${least} to ${most}`);
}

/** @internal One of these; the first if it is not given. */
export function oneOf<T>(name: string, value: T | undefined, allowed: readonly T[]): T {
  if (value === undefined) value = allowed[0]!;
  return allowed.includes(value) ? value : refuse(name, value, allowed.map((one) => JSON.stringify(one)).join(" or "));
}

/** @internal A time-out in milliseconds. */
export function timeout(value: unknown, fallback: number): number {
  return numberIn("timeoutMs", value, fallback, 1, 2_147_483_647);
}

/** @internal The JSON of a value, of at most so many bytes. */
export function json(name: string, value: unknown, most = Infinity): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // Said below.
  }
  return text !== undefined && bytes(text) <= most ? text : refuse(name, value, `what JSON can hold${most < Infinity ? ` in ${most} bytes` : ""}`);
}
