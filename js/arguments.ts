import { invalidArgument } from "./errors.js";
import { className } from "./host.js";

/** @internal Throws `invalid-argument`: the name of what is wrong, its value and what is allowed. */
export function refuse(name: string, value: unknown, allowed: string): never {
  // An object may be large, or refuse to be text.
  const shown =
    Object(value) === value ? {}.toString.call(value) : typeof value === "string" ? JSON.stringify(value.slice(0, 99)) : String(value);
  throw invalidArgument(`${name} is ${shown}, allowed is ${allowed}`);
}

/** @internal A dictionary (Web IDL): any object; members that are not known are ignored. */
export function dictionary<T extends object>(name: string, value: T | undefined): Partial<T> {
  return value === undefined ? {} : Object(value) === value ? value : refuse(name, value, "an object");
}

/** @internal How many bytes of UTF-8 a text has, in hosts without a `TextEncoder` too. Half of a surrogate pair is encoded as U+FFFD. */
function bytes(text: string): number {
  let count = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    count += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return count;
}

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
  const chosen = value === undefined ? (allowed[0] as T) : value;
  return allowed.includes(chosen) ? chosen : refuse(name, value, allowed.map((one) => JSON.stringify(one)).join(" or "));
}

/** @internal A time-out in milliseconds. */
export function timeout(value: unknown, fallback: number): number {
  return numberIn("timeoutMs", value, fallback, 1, 2_147_483_647);
}

/** Objects that JSON keeps as what they are: arrays, objects with members, and boxed values. */
const JSON_CLASSES = ["Object", "Array", "String", "Number", "Boolean"];

/**
 * @internal The JSON of a value, of at most so many bytes. Refuses what JSON would silently make another kind of thing: `NaN` and
 * infinite numbers, functions, symbols, `undefined` in an array, `Map`, `Set`, typed arrays and other objects that neither are
 * plain nor have `toJSON()`.
 */
export function json(name: string, value: unknown, most = Infinity): string {
  const paths = new Map<unknown, string>();
  const wrong: { readonly name: string; readonly value: unknown }[] = [];
  /** `kept` is what becomes of a member once its `toJSON()` was called. */
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
    // Said below: a circle, a BigInt, or what the application's own code threw.
  }
  const [first] = wrong;
  if (first && first.name !== name) refuse(first.name, first.value, "what JSON can hold");
  if (text !== undefined && bytes(text) <= most) return text;
  return refuse(name, value, `what JSON can hold${most < Infinity ? ` in ${most} bytes` : ""}`);
}

/** Whether a member of an object or an array stays what it is; one that is `undefined` is left out of an object. */
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
