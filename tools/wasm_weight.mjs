// Weighs the parts of a WebAssembly module: each function body counts for the crate and Rust module in its name, every other
// section for itself.
import { SECTION, definedFunctions, sections } from "./wasm_module.mjs";

const NAMES = [
  "custom",
  "type",
  "import",
  "function",
  "table",
  "memory",
  "global",
  "export",
  "start",
  "element",
  "code",
  "data",
  "data count",
];

const OWN = /signalpost(?:_core|_protocol)?(?:::[a-z_]\w*)*/;

/** Returns the crate and Rust module in a function's name; generic code of others counts for the type of ours that it was made for. */
function responsible(name) {
  const plain = name.replace(/::h[0-9a-f]{16}$/, "").replace(/\[[0-9a-f]{16}\]/g, "");
  const own = OWN.exec(plain)?.[0];
  const outer = /^[<&\s]*(?:dyn )?([a-z_]\w*(?:::[a-z_]\w*)?)/.exec(plain)?.[1] ?? "other";
  const isOwn = own && plain.replace(/^[<&\s]*/, "").startsWith("signalpost");
  if (isOwn) return own.split("::").slice(0, 2).join("::");
  if (own) return `${/^core::ptr::drop_in_place/.test(plain) ? "drop glue" : outer} of ${own.split("::")[0]}`;
  return outer.split("::")[0] === "other" ? "other" : outer;
}

/** Returns `{ functions: [{ name, size }], the largest first; sections: [{ name, size }] }`. */
export function weigh(wasm) {
  const functions = definedFunctions(wasm).map(({ name, body }) => ({ name, size: body.length }));
  functions.sort((a, b) => b.size - a.size);
  const others = sections(wasm).filter(({ id }) => id !== SECTION.code && id !== SECTION.custom);
  return { functions, sections: others.map(({ id, body }) => ({ name: `${NAMES[id] ?? id} section`, size: body.length })) };
}

/** Returns rows `[owner, bytes, functions]`, the largest first; owners with less than `least` bytes share one row. */
export function table({ functions, sections }, least = 300) {
  const groups = new Map();
  const add = (who, size, count) => {
    const [bytes, functions] = groups.get(who) ?? [0, 0];
    groups.set(who, [bytes + size, functions + count]);
  };
  for (const { name, size } of functions) add(responsible(name), size, 1);
  for (const { name, size } of sections) add(name, size, 0);
  const rows = [...groups].map(([who, [bytes, count]]) => [who, bytes, count]).sort((a, b) => b[1] - a[1]);
  const small = rows.filter(([, bytes]) => bytes < least);
  const sum = (column) => small.reduce((total, row) => total + row[column], 0);
  return [...rows.filter(([, bytes]) => bytes >= least), ["everything smaller", sum(1), sum(2)]];
}
