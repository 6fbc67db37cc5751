// Weighs the parts of a WebAssembly module: each function body counts for the crate and Rust module in its name, every other
// section for itself.
import { gzipSync } from "node:zlib";
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

/** What rustc puts behind a name. */
const HASH = /::h[0-9a-f]{16}$|\[[0-9a-f]{16}\]/g;

const OWN = /signalpost(?:_core|_protocol)?(?:::[a-z_]\w*)*/;

/** Returns the crate and Rust module in a function's name; generic code of others counts for the type of ours that it was made for. */
function responsible(name) {
  const plain = name.replace(HASH, "");
  const own = OWN.exec(plain)?.[0];
  const outer = /^[<&\s]*(?:dyn )?([a-z_]\w*(?:::[a-z_]\w*)?)/.exec(plain)?.[1] ?? "other";
  const isOwn = own && plain.replace(/^[<&\s]*/, "").startsWith("signalpost");
  if (isOwn) return own.split("::").slice(0, 2).join("::");
  if (own) return `${/^core::ptr::drop_in_place/.test(plain) ? "drop glue" : outer} of ${own.split("::")[0]}`;
  return outer.split("::")[0] === "other" ? "other" : outer;
}

/** What a function is for, by the first expression that its name matches. */
const SUBJECTS = [
  ["core, with the drop glue of its types", /signalpost_core/],
  ["protocol, likewise", /signalpost_protocol/],
  ["allocator", /rlsf/],
  ["serde: settings, records", /serde|hashbrown|signalpost::(?:from_js|to_js|settings)|thread::local|LazyStorage/],
  ["futures, timers, tasks", /futures|gloo_timers|task|waker|alloc::sync|Pin<P> as core::future|peer_connection::.*closure/i],
  ["wasm-bindgen, js-sys, web-sys, exports", /wasm_bindgen|wbindgen|externref|js_sys|web_sys|shim|^client_/],
  ["the shell's own functions", /signalpost/],
  ["panics, and what formats their words", /panic|fmt|format|_failed|do_count_chars|handle_error/],
  ["generic code of the standard library", /^/],
];

function subject({ name, isFunction }) {
  if (!isFunction) return name === "data" ? "data: texts, tables, places of panics" : "imports, exports, types, function table";
  const plain = name.replace(HASH, "");
  return SUBJECTS.find(([, names]) => names.test(plain))[0];
}

/**
 * Returns the parts of a module in their order, as `{ name, body, isFunction }`. `named` is the module while its functions still have
 * names, `published` the same with the short names of its imports and exports.
 */
export function weigh(named, published) {
  const kept = sections(published).filter(({ id }) => id !== SECTION.custom);
  return kept.flatMap(({ id, body }) => {
    if (id !== SECTION.code) return [{ name: NAMES[id], body, isFunction: false }];
    return definedFunctions(named).map((part) => ({ ...part, isFunction: true }));
  });
}

const size = (parts) => parts.reduce((sum, { body }) => sum + body.length, 0);
const compressed = (parts) => gzipSync(Buffer.concat(parts.map(({ body }) => body)), { level: 9 }).length;

function groups(parts, nameOf) {
  const found = new Map();
  for (const part of parts) found.set(nameOf(part), [...(found.get(nameOf(part)) ?? []), part]);
  return [...found];
}

/** Returns `[name, bytes, gzip, functions]` of each group; `gzip` is how much the compressed groups grow when it joins those before it. */
function rows(groups) {
  const joined = [];
  let before = 0;
  return groups.map(([name, parts]) => {
    joined.push(...parts);
    const now = compressed(joined);
    const row = [name, size(parts), now - before, parts.filter(({ isFunction }) => isFunction).length];
    before = now;
    return row;
  });
}

/** Returns the rows of what the parts are for. */
export function bySubject(parts) {
  const order = SUBJECTS.map(([name]) => name);
  const at = ([name]) => (order.includes(name) ? order.indexOf(name) : order.length);
  return rows(groups(parts, subject).sort((a, b) => at(a) - at(b)));
}

/** Returns the rows of each crate and Rust module, the largest first; those with less than `least` bytes share one row. */
export function byOwner(parts, least = 300) {
  const owner = ({ name, isFunction }) => (isFunction ? responsible(name) : `${name} section`);
  const owners = groups(parts, owner).sort(([, a], [, b]) => size(b) - size(a));
  const isSmall = ([, list]) => size(list) < least;
  const small = owners.filter(isSmall).flatMap(([, list]) => list);
  return rows([...owners.filter((group) => !isSmall(group)), ["everything smaller", small]]);
}
