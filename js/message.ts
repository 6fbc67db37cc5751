import { invalidArgument } from "./errors.js";

/** @internal A message as text. */
export function written(data: unknown): string {
  const text = JSON.stringify(data);
  if (text === undefined) throw invalidArgument(`a message is ${String(data)}, allowed is what JSON can hold`);
  return text;
}
