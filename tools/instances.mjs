// wasm-bindgen's glue keeps its one instance in variables of its module, and loads it. After a trap the facade needs another
// instance, and what the dead one left (closures that the browser still calls, objects that are collected late) must
// not reach it. So the glue becomes a function, each call of which is a glue of its own, and the facade loads.

/** The two sides of what occurs exactly once. */
function parted(text, part) {
  const sides = text.split(part);
  if (sides.length !== 2) throw new Error(`the glue does not hold ${part} once`);
  return sides;
}

const replaced = (text, part, by) => parted(text, part).join(by);

/** Without what lies from one part to the other, the other included. */
function without(text, from, to) {
  const [before, rest] = parted(text, from);
  const end = rest.indexOf(to);
  if (end < 0) throw new Error(`the glue does not hold ${to} behind ${from}`);
  return before + rest.slice(end + to.length);
}

/** Every browser that has ES2022 and WebAssembly's externref has what these are in place of; and texts are short. */
function withoutFallbacks(glue) {
  const [checked, isDetached] = parted(
    glue,
    " || cachedDataViewMemory0.buffer.detached === true || (cachedDataViewMemory0.buffer.detached === undefined && ",
  );
  const viewed = `${checked} || ${replaced(isDetached, "cachedDataViewMemory0.buffer !== wasm.memory.buffer)", "cachedDataViewMemory0.buffer !== wasm.memory.buffer")}`;
  const defined = without(viewed, "function notDefined(", "\n").replaceAll(
    /typeof ([\w.]+) == 'function' \? \1 : notDefined\('\1'\)/g,
    "$1",
  );
  const encoder = without(defined, "if (!('encodeInto' in cachedTextEncoder)) {", "\n}\n");
  // The text at once, not letter by letter while it is ASCII.
  const [head, tail] = parted(encoder, "    if (realloc === undefined) {\n");
  return `${head}${without(tail, "    }\n\n    let len = arg.length;", "return ptr;\n")}`.replaceAll(", wasm.__wbindgen_realloc)", ")");
}

/** A client is held by its handler, which the module holds: it is freed by the facade, and never collected before. */
function withoutFinalization(glue) {
  const unregistered = replaced(
    replaced(glue, "ClientFinalization.unregister(this);", ""),
    "ClientFinalization.register(this, this.__wbg_ptr, this);",
    "",
  );
  return without(without(unregistered, "const ClientFinalization =", "ptr, 1));\n"), "if (Symbol.dispose) Client", "\n");
}

/** The script as a function. */
export function makeFunction(glue) {
  const kept = withoutFinalization(withoutFallbacks(parted(glue, "let wasmModule, wasmInstance, wasm;")[0]));
  // What it takes of the shell's own script has nothing of an instance.
  const taken = /^import .*$/gm;
  const once = replaced(kept, "export class", "class").replace(taken, "");
  return `${(kept.match(taken) ?? []).join("\n")}
export default () => {
${once}
let wasm;
const start = (exports) => {
  wasm = exports;
  wasm.__wbindgen_start();
};
return { Client, imports: __wbg_get_imports(), start };
};
`;
}

/** The types of that function. */
export function makeFunctionTypes(types) {
  const [kept] = parted(types, "export type InitInput");
  return `${kept}/** What the module and the browser call of each other. */
export type Functions = Record<string, (...given: unknown[]) => unknown>;

/** The glue of one instance. */
export default function glue(): {
  readonly Client: typeof Client;
  readonly imports: Record<string, Functions>;
  start(exports: Functions): void;
};
`;
}
