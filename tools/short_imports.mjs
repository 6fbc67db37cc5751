// The names of the module's imports carry hashes, which no compressor likes and nobody reads. In the bound module
// and its glue, both of which are ours alone, they become `a`, `b`, `c`, …

const IMPORT_SECTION = 2;

function readUnsigned(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return [value >>> 0, at];
  }
}

function unsigned(value) {
  const bytes = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value ? low | 0x80 : low);
  } while (value);
  return bytes;
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

/** The module with short import names, and the glue that provides them. */
export function shortenImports(wasm, glue) {
  const text = new TextDecoder();
  const names = new Map();
  const out = [...wasm.subarray(0, 8)];
  for (let at = 8; at < wasm.length; ) {
    const start = at;
    const id = wasm[at++];
    const [size, body] = readUnsigned(wasm, at);
    const end = body + size;
    if (id !== IMPORT_SECTION) {
      for (let i = start; i < end; i++) out.push(wasm[i]);
      at = end;
      continue;
    }
    const section = [];
    let [count, next] = readUnsigned(wasm, body);
    section.push(...unsigned(count));
    const name = () => {
      const [length, from] = readUnsigned(wasm, next);
      next = from + length;
      return text.decode(wasm.subarray(from, next));
    };
    for (; count > 0; count--) {
      const module = name();
      const field = name();
      if (!names.has(field)) names.set(field, names.size.toString(36));
      const from = next;
      next = endOfDescription(wasm, from);
      section.push(...named(module), ...named(`_${names.get(field)}`), ...wasm.subarray(from, next));
    }
    out.push(id, ...unsigned(section.length), ...section);
    at = end;
  }
  let provided = 0;
  const shortened = glue.replace(/\b__(?:wbg|wbindgen)_\w+\b(?=\s*(?::|\())/g, (field) => {
    if (!names.has(field)) return field;
    provided++;
    return `_${names.get(field)}`;
  });
  if (provided !== names.size) throw new Error(`the glue provides ${provided} of ${names.size} imports by name`);
  return { wasm: Uint8Array.from(out), glue: shortened };
}
