// No struct holds so much that a reader cannot keep it in mind.
import assert from "node:assert/strict";
import { test } from "node:test";
import { closeOf, codeOf, partsOf, withoutAttributes } from "./rust_text.mjs";
import { within } from "./sources.mjs";

const MAX_FIELDS = 15;
/** Four flags have sixteen states; more of them hide an enum. */
const MAX_FLAGS = 4;

/**
 * Returns the fields of every struct in `text`, as their code. A `record!` of the protocol is no such struct: it lists what the wire may carry,
 * in `fields { … }`, and its length is that of the protocol's document.
 */
function structsIn(text) {
  const code = codeOf(text);
  return [...code.matchAll(/\bstruct\s+(\w+)/g)].flatMap(({ 0: head, 1: struct, index }) => {
    let at = index + head.length;
    while (at < code.length && !/[{(;]/.test(code[at])) at = code[at] === "<" ? closeOf(code, at) + 1 : at + 1;
    const fields = code[at] === ";" ? [] : partsOf(code.slice(at + 1, closeOf(code, at))).map(withoutAttributes);
    return [{ struct, fields }];
  });
}

/** A flag by itself or in a `Cell`, `Option` or atomic; a function that takes one is none. */
const isFlag = (field) => /\b(bool|AtomicBool)\b/.test(field) && !/\b(fn|Fn|FnMut|FnOnce)\b/.test(field);

function tooFull(sources) {
  return sources.flatMap(({ name, text }) =>
    structsIn(text).flatMap(({ struct, fields }) => {
      const flags = fields.filter(isFlag);
      if (fields.length <= MAX_FIELDS && flags.length <= MAX_FLAGS) return [];
      return [`${name}: ${struct} has ${fields.length} fields, ${flags.length} of them flags`];
    }),
  );
}

test("no struct has more than 15 fields or 4 flags", () => {
  const sources = within(/^(crates|src)\/.*\.rs$/);
  assert.ok(sources.flatMap(({ text }) => structsIn(text)).length > 100);
  assert.deepEqual(tooFull(sources), []);
});

test("the rule about structs finds a forged offence", () => {
  const struct = (...fields) => [
    { name: "x", text: `/// {\n#[derive(Debug)]\npub struct Much<'a, T: Into<u8>> where T: Copy {${fields.join(",\n")}}` },
  ];
  const numbers = Array.from({ length: 15 }, (_, at) => `/// One, of several.\n pub(crate) n${at}: BTreeMap<&'a str, (T, u8)>`);
  const flags = ["a: bool", "b: Cell<bool>", '#[serde(default = "c,")] c: Option<bool>', "d: AtomicBool"];
  assert.deepEqual(tooFull(struct(...numbers)), []);
  assert.deepEqual(tooFull(struct(...flags, "e: fn(bool) -> u8")), []);
  assert.deepEqual(tooFull(struct(...numbers, "last: u8,")), ["x: Much has 16 fields, 0 of them flags"]);
  assert.deepEqual(tooFull(struct(...flags, "e: bool")), ["x: Much has 5 fields, 5 of them flags"]);
  const record = [{ name: "x", text: `record! { pub struct Wire { fields { ${numbers.join(", ")}, last: u8 = "last" } } }` }];
  assert.deepEqual(tooFull(record), []);
  assert.deepEqual(tooFull([{ name: "x", text: `struct Tuple(${"pub u8, ".repeat(16)});` }]), ["x: Tuple has 16 fields, 0 of them flags"]);
});
