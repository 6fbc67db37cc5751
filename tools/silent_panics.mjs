// A panic of the module is a trap without words (src/lib.rs), but the code that would find the words is still there, since
// rustc cannot know it. So is what wasm-bindgen would throw of an object that is not there any more. Here what panics, and what formats, becomes the trap itself; wasm-opt removes what led there.
import { SECTION, definedFunctions, sections, unsigned } from "./wasm_module.mjs";

/** By their demangled names, which hold the crate's hash in brackets or not. */
const PANICS =
  /^wasm_bindgen(\[\w+\])?::(throw_str|__rt::throw_null)\b|^core(\[\w+\])?::(panicking::|cell::panic_|option::(unwrap|expect)_failed|result::unwrap_failed|slice::index::slice_\w*fail|str::slice_error_fail)|^alloc(\[\w+\])?::raw_vec::(handle_error|capacity_overflow)|::assert_failed\b|__rdl_alloc_error_handler/;
const FORMATS = /^core(\[\w+\])?::(fmt|str::count)::|^<[^>]* as core(\[\w+\])?::fmt::\w+>::fmt|^<core(\[\w+\])?::fmt::/;
/** Whoever formats for another purpose calls this. */
const WRITES = /^core(\[\w+\])?::fmt::write\b/;

/** What only panics point to: the files of locations, the words of the standard library, the digits of numbers. */
const WORDS =
  /(?:\/rustc\/\w+\/library|(?:crates\/\w+\/)?src|\/[\w-]+-\d+\.\d+\.\d+\/src)\/[\w/]+\.rs|RefCell already (?:mutably )?borrowed|attempted to take ownership of Rust value while it was borrowed|null pointer passed to rust|recursive use of an object detected which would lead to unsafe aliasing in rust|(?:insertion|removal) index \(is |\) should be <=? len \(is |index out of bounds: the len is | but the index is |called `(?:Result|Option)::unwrap\(\)` on an? `\w+` value|memory allocation of | bytes failed|Tried to shrink to a larger capacity|capacity overflow|LayoutError|mid > len|00010203(?:\d\d){96}/g;

/** No locals, `unreachable`, `end`. */
const TRAP = [0x00, 0x00, 0x0b];

/** Zeros, which compress to nothing, where words were. */
function wordless(data) {
  const text = Buffer.from(data).toString("latin1");
  return Buffer.from(
    text.replace(WORDS, (words) => "\0".repeat(words.length)),
    "latin1",
  );
}

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
    const content = id === SECTION.code ? code : id === SECTION.data ? wordless(body) : body;
    out.push(id, ...unsigned(content.length));
    for (const byte of content) out.push(byte);
  }
  return Uint8Array.from(out);
}
