// A trap ends an instance of the module and not the page (js/instance.ts). wasm-bindgen's glue keeps its one instance in variables of
// its script, and loads it; after a trap the facade needs another instance, which what the dead one left behind (closures that the browser
// still calls, objects that are collected late) does not reach. wasm-bindgen's own `reset_state_function` is no way to this: it puts a
// new instance under the same glue, whose closures then throw into the code that calls them, and it neither notices a trap nor closes
// what the dead instance held. This file is the one place that changes the glue's text. It makes the glue a function, each call of which is a
// glue of its own, and leaves the loading to the facade.
//
// It expects of the glue (wasm-bindgen 0.2.130, target `web`), and fails otherwise:
// - all that loads the module comes last, behind the line `let wasmModule, wasmInstance, wasm;`, and nothing before assigns these;
// - it imports nothing, and exports one class, `Client`, which is declared with `export class`;
// - `__wbg_get_imports()` answers the imports, `wasm` holds the exports, and `wasm.__wbindgen_start()` starts the instance;
// - the table of the objects that the module holds is the export `__wbindgen_externrefs`.

/** The two sides of what occurs exactly once. */
function parted(text, part) {
  const sides = text.split(part);
  if (sides.length !== 2) throw new Error(`the glue does not hold ${JSON.stringify(part)} once: see tools/instances.mjs`);
  return sides;
}

/** The script as a function. */
export function makeFunction(glue) {
  const [kept, loader] = parted(glue, "let wasmModule, wasmInstance, wasm;");
  const body = parted(kept, "export class Client ").join("class Client ");
  for (const [text, wrong] of [
    [body, /^(?:import|export)\b/m],
    [body, /\bwasm(?:Module|Instance)?\s*=[^=]/],
  ]) {
    const found = wrong.exec(text);
    if (found) throw new Error(`the glue holds ${JSON.stringify(found[0])}: see tools/instances.mjs`);
  }
  parted(body, "function __wbg_get_imports() {");
  parted(loader, "wasm.__wbindgen_start();");
  if (!body.includes("wasm.__wbindgen_externrefs")) throw new Error("the glue does not hold the table of objects: see tools/instances.mjs");
  return `export default () => {
${body}
let wasm;
const start = (exports) => {
  wasm = exports;
  wasm.__wbindgen_start();
};
const held = () => wasm.__wbindgen_externrefs;
return { Client, imports: __wbg_get_imports(), start, held };
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
  /** The objects that the module holds. */
  held(): WebAssembly.Table;
};
`;
}
