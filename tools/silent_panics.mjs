// A panic of the module is a trap without words (src/lib.rs), but the code that would find the words is still there, since
// rustc cannot know it. Here what panics, and what formats, becomes the trap itself; wasm-opt removes what led there.
import { SECTION, definedFunctions, sections, unsigned } from "./wasm_module.mjs";

/** By their demangled names, which hold the crate's hash in brackets or not. */
const PANICS = /^core(\[\w+\])?::(panicking::|cell::panic_|option::(unwrap|expect)_failed|result::unwrap_failed|slice::index::slice_\w*fail|str::slice_error_fail)|^alloc(\[\w+\])?::raw_vec::(handle_error|capacity_overflow)|::assert_failed\b|__rdl_alloc_error_handler/;
const FORMATS = /^core(\[\w+\])?::(fmt|str::count)::|^<[^>]* as core(\[\w+\])?::fmt::\w+>::fmt|^<core(\[\w+\])?::fmt::/;
/** Whoever formats for another purpose calls this. */
const WRITES = /^core(\[\w+\])?::fmt::write\b/;

/** No locals, `unreachable`, `end`. */
const TRAP = [0x00, 0x00, 0x0b];

/** The module, whose functions must still have their names. */
export function silencePanics(wasm) {
  const functions = definedFunctions(wasm);
  if (functions.some(({ name }) => WRITES.test(name))) throw new Error("the module formats something");
  const silent = functions.map(({ name }) => PANICS.test(name) || FORMATS.test(name));
  if (!silent.includes(true)) throw new Error("the module names no function that panics");
  const code = [...unsigned(functions.length)];
  functions.forEach(({ body }, at) => {
    const kept = silent[at] ? TRAP : body;
    code.push(...unsigned(kept.length), ...kept);
  });
  const out = [...wasm.subarray(0, 8)];
  for (const { id, body } of sections(wasm)) {
    const content = id === SECTION.code ? code : body;
    out.push(id, ...unsigned(content.length));
    for (const byte of content) out.push(byte);
  }
  return Uint8Array.from(out);
}
