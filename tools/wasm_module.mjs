// Reads WebAssembly modules (core specification, §5.5 and appendix A.4): sections, function bodies, names.

export const SECTION = { custom: 0, import: 2, code: 10, data: 11 };

/** Returns a number as LEB128. */
export function unsigned(value) {
  const bytes = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value ? low | 0x80 : low);
  } while (value);
  return bytes;
}

/** Reads a module's bytes from front to back. */
export class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  unsigned() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  text() {
    return new TextDecoder().decode(this.take(this.unsigned()));
  }

  get done() {
    return this.at >= this.bytes.length;
  }
}

/** Returns the sections as `[{ id, body }]`. */
export function sections(wasm) {
  const reader = new Reader(wasm, 8);
  const found = [];
  while (!reader.done) {
    const id = reader.bytes[reader.at++];
    found.push({ id, body: reader.take(reader.unsigned()) });
  }
  return found;
}

/** Returns how many functions are imported: their numbers come before those of the bodies. */
export function importedFunctions(body) {
  const reader = new Reader(body);
  let functions = 0;
  const limits = () => {
    const flags = reader.unsigned();
    reader.unsigned();
    if (flags & 1) reader.unsigned();
  };
  for (let count = reader.unsigned(); count > 0; count--) {
    reader.text();
    reader.text();
    const kind = reader.bytes[reader.at++];
    if (kind === 0) {
      functions++;
      reader.unsigned();
    } else if (kind === 1) {
      reader.at++;
      limits();
    } else if (kind === 2) limits();
    else reader.at += 2;
  }
  return functions;
}

function functionNames(body) {
  const reader = new Reader(body);
  const names = new Map();
  if (reader.text() !== "name") return names;
  while (!reader.done) {
    const kind = reader.bytes[reader.at++];
    const part = new Reader(reader.take(reader.unsigned()));
    if (kind !== 1) continue;
    for (let count = part.unsigned(); count > 0; count--) names.set(part.unsigned(), part.text());
  }
  return names;
}

/** Returns `[{ name, body }]` of the functions that the module defines, in their order; `body` is without its length. */
export function definedFunctions(wasm) {
  const all = sections(wasm);
  const imported = all.filter(({ id }) => id === SECTION.import).reduce((sum, { body }) => sum + importedFunctions(body), 0);
  const names = new Map(all.filter(({ id }) => id === SECTION.custom).flatMap(({ body }) => [...functionNames(body)]));
  const functions = [];
  for (const { id, body } of all) {
    if (id !== SECTION.code) continue;
    const reader = new Reader(body);
    for (let count = reader.unsigned(); count > 0; count--) {
      functions.push({ name: names.get(imported + functions.length) ?? "other", body: reader.take(reader.unsigned()) });
    }
  }
  return functions;
}
