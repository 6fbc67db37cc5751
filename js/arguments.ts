import { invalidArgument } from "./errors.js";
import { className } from "./host.js";
import { PEER_ID_BYTES } from "./limits.js";

/** @internal Throws `invalid-argument` with the name of the wrong argument, its value and the values that are allowed. */
export function refuse(name: string, value: unknown, allowed: string): never {
  // An object may be large, or refuse to be text.
  const shown =
    Object(value) === value ? {}.toString.call(value) : typeof value === "string" ? JSON.stringify(value.slice(0, 99)) : String(value);
  throw invalidArgument(`${name} is ${shown}, allowed is ${allowed}`);
}

/** @internal Checks a dictionary (Web IDL): any object. The client ignores unknown members. */
export function dictionary<T extends object>(name: string, value: T | undefined): Partial<T> {
  return value === undefined ? {} : Object(value) === value ? value : refuse(name, value, "an object");
}

/** @internal Returns how many bytes of UTF-8 a text has, in hosts without a `TextEncoder` too. Half of a surrogate pair is encoded as U+FFFD. */
export function bytes(text: string): number {
  let count = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    count += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return count;
}

/** @internal Checks a name by the rules of `crates/protocol/src/id.rs`. */
export function text(name: string, value: unknown, most: number = PEER_ID_BYTES): string {
  return typeof value === "string" && value && bytes(value) <= most && !/[\p{Cc}\p{Cs}]/u.test(value)
    ? value
    : refuse(name, value, `a string of 1 to ${most} bytes of UTF-8 without control characters`);
}

/** @internal Checks a name if it is given. */
export function optionalText(name: string, value: unknown, most?: number): string | undefined {
  return value === undefined ? value : text(name, value, most);
}

/** @internal Checks a number against its bounds; returns `fallback` if it is not given. */
export function numberIn(name: string, value: unknown, fallback: number, least: number, most: number, whole = false): number {
  if (value === undefined) return fallback;
  return typeof value === "number" && value >= least && value <= most && (!whole || value % 1 === 0 || value === Infinity)
    ? value
    : refuse(name, value, `a ${whole ? "whole " : ""}number from ${least} to ${most}`);
}

/** @internal Checks that a value is one of these; returns the first if it is not given. */
export function oneOf<T>(name: string, value: T | undefined, allowed: readonly T[]): T {
  const chosen = value === undefined ? (allowed[0] as T) : value;
  return allowed.includes(chosen) ? chosen : refuse(name, value, allowed.map((one) => JSON.stringify(one)).join(" or "));
}

/** @internal Checks a time-out in milliseconds. */
export function timeout(value: unknown, fallback: number): number {
  return numberIn("timeoutMs", value, fallback, 1, 2_147_483_647);
}

/** The classes of objects that JSON does not change: arrays, objects with members, and boxed values. */
const JSON_CLASSES = ["Object", "Array", "String", "Number", "Boolean"];

/**
 * @internal Returns the JSON of a value, of at most this many bytes. Refuses each value that JSON would silently change: `NaN` and
 * infinite numbers, functions, symbols, `undefined` in an array, `Map`, `Set`, typed arrays and other objects that neither are
 * plain nor have `toJSON()`.
 */
export function json(name: string, value: unknown, most = Infinity): string {
  const paths = new Map<unknown, string>();
  const wrong: { readonly name: string; readonly value: unknown }[] = [];
  /** `kept` is the value of a member after the call of its `toJSON()`. */
  const checked = function (this: unknown, key: string, kept: unknown): unknown {
    const given = (this as Record<string, unknown>)[key];
    const place = paths.get(this);
    const path = place === undefined ? name : Array.isArray(this) ? `${place}[${key}]` : `${place}.${key}`;
    if (Object(kept) === kept) paths.set(kept, path);
    if (!isJson(given, kept, Array.isArray(this))) wrong.push({ name: path, value: given });
    return wrong[0] ? undefined : kept;
  };
  let text: string | undefined;
  try {
    text = JSON.stringify(value, checked);
  } catch {
    // The code below reports it: a circle, a BigInt, or an error of the application's own code.
  }
  const [first] = wrong;
  if (first && first.name !== name) refuse(first.name, first.value, "what JSON can hold");
  if (text !== undefined && bytes(text) <= most) return text;
  return refuse(name, value, `what JSON can hold${most < Infinity ? ` in ${most} bytes` : ""}`);
}

/** Whether JSON keeps a member of an object or an array as it is; JSON leaves an `undefined` member out of an object. */
function isJson(given: unknown, kept: unknown, isInArray: boolean): boolean {
  switch (typeof kept) {
    case "number":
      return Number.isFinite(kept);
    case "undefined":
      return given === undefined && !isInArray;
    case "object":
      // An invalid `Date` becomes `null`.
      return kept === null ? given === null : JSON_CLASSES.includes(className(kept));
    default:
      return typeof kept === "string" || typeof kept === "boolean";
  }
}
