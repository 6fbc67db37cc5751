// The names between the bound module and its glue carry hashes, which no compressor likes and nobody reads. Both are
// ours alone, so the names become `_0`, `_1`, …

import { unsigned } from "./wasm_module.mjs";

const IMPORT_SECTION = 2;
const EXPORT_SECTION = 7;
/** What wasm-bindgen names by hash among the exports. */
const HASHED_EXPORT = /^wasm_bindgen__convert__/;

function readUnsigned(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value >>> 0, at];
  }
}

function named(text) {
  const bytes = new TextEncoder().encode(text);
  return [...unsigned(bytes.length), ...bytes];
}

/** Where the description of an import (WebAssembly core specification, §5.5.5) that begins at `at` ends. */
function endOfDescription(bytes, at) {
  const kind = bytes[at++];
  const limits = (from) => {
    const [flags, next] = readUnsigned(bytes, from);
    const [, end] = readUnsigned(bytes, next);
    return flags & 1 ? readUnsigned(bytes, end)[1] : end;
  };
  if (kind === 0) return readUnsigned(bytes, at)[1];
  if (kind === 1) return limits(at + 1);
  if (kind === 2) return limits(at);
  if (kind === 3) return at + 2;
  throw new Error(`an import of kind ${kind} is not known here`);
}

/** The module with short names, and the glue that goes with it. */
export function shortenNames(wasm, glue) {
  const text = new TextDecoder();
  const short = new Map();
  const shortened = (name) => {
    if (!short.has(name)) short.set(name, `_${short.size.toString(36)}`);
    return short.get(name);
  };
  const out = [...wasm.subarray(0, 8)];
  for (let at = 8; at < wasm.length; ) {
    const start = at;
    const id = wasm[at++];
    const [size, body] = readUnsigned(wasm, at);
    at = body + size;
    if (id !== IMPORT_SECTION && id !== EXPORT_SECTION) {
      for (let i = start; i < at; i++) out.push(wasm[i]);
      continue;
    }
    let [count, next] = readUnsigned(wasm, body);
    const section = unsigned(count);
    const name = () => {
      const [length, from] = readUnsigned(wasm, next);
      next = from + length;
      return text.decode(wasm.subarray(from, next));
    };
    const copyTo = (end) => {
      section.push(...wasm.subarray(next, end));
      next = end;
    };
    for (; count > 0; count--) {
      if (id === IMPORT_SECTION) {
        section.push(...named(shortened(name())), ...named(shortened(name())));
        copyTo(endOfDescription(wasm, next));
      } else {
        const exported = name();
        section.push(...named(HASHED_EXPORT.test(exported) ? shortened(exported) : exported));
        copyTo(readUnsigned(wasm, next + 1)[1]);
      }
    }
    out.push(id, ...unsigned(section.length), ...section);
  }
  const found = new Set();
  const renamed = glue.replace(/"\.\/\w+\.js"(?=:)|\b(?:__(?:wbg|wbindgen)_\w+(?=\s*(?::|\())|wasm_bindgen__convert__\w+)/g, (name) => {
    const bare = name.replaceAll('"', "");
    if (!short.has(bare)) return name;
    found.add(bare);
    return short.get(bare);
  });
  const missing = [...short.keys()].filter((name) => !found.has(name));
  if (missing.length > 0) throw new Error(`the glue does not name ${missing.join(", ")}`);
  return { wasm: Uint8Array.from(out), glue: renamed };
}
