// gzip looks back 32 kB: functions that resemble each other compress best as neighbours. Which come next to which is found
// here; wasm-opt moves them, by the names that this gives them.
import { SECTION, definedFunctions, importedFunctions, sections, unsigned } from "./wasm_module.mjs";

/** Bytes that count as one likeness: about two instructions. */
const GRAM = 5;
/** How far back a function is compared, in bytes. */
const LOOK_BACK = 8_000;

function grams(body) {
  const found = new Set();
  for (let at = 0; at + GRAM <= body.length; at++) {
    let hash = 0;
    for (let i = at; i < at + GRAM; i++) hash = (hash * 257 + body[i]) | 0;
    found.add(hash);
  }
  return found;
}

/** The indices of the functions, each after the ones of which it repeats most. */
function order(bodies) {
  const all = bodies.map(grams);
  const left = new Set(bodies.keys());
  const recent = [];
  const seen = new Map();
  let bytes = 0;
  const ordered = [];
  const note = (of, step) => {
    for (const gram of all[of]) seen.set(gram, (seen.get(gram) ?? 0) + step);
    bytes += step * bodies[of].length;
  };
  const likeness = (of) => {
    let repeated = 0;
    for (const gram of all[of]) if (seen.get(gram)) repeated++;
    return repeated / (all[of].size + 8);
  };
  while (left.size > 0) {
    let best = -1;
    let most = -1;
    for (const candidate of left) {
      const alike = likeness(candidate);
      if (alike > most) [best, most] = [candidate, alike];
    }
    left.delete(best);
    ordered.push(best);
    recent.push(best);
    note(best, 1);
    while (bytes > LOOK_BACK && recent.length > 1) note(recent.shift(), -1);
  }
  return ordered;
}

const named = (text) => [...unsigned(text.length), ...Buffer.from(text)];

/** The module with names that sort its functions; other names are gone. */
export function nameInOrder(wasm) {
  const bodies = definedFunctions(wasm).map(({ body }) => body);
  const all = sections(wasm).filter(({ id }) => id !== SECTION.custom);
  const imported = all.filter(({ id }) => id === SECTION.import).reduce((sum, { body }) => sum + importedFunctions(body), 0);
  const names = [];
  order(bodies).forEach((function_, rank) => (names[function_] = String(rank).padStart(6, "0")));
  const map = [...unsigned(bodies.length), ...names.flatMap((name, at) => [...unsigned(imported + at), ...named(name)])];
  const section = [...named("name"), 1, ...unsigned(map.length), ...map];
  const parts = [wasm.subarray(0, 8)];
  for (const { id, body } of all) parts.push(Uint8Array.of(id, ...unsigned(body.length)), body);
  parts.push(Uint8Array.of(SECTION.custom, ...unsigned(section.length)), Uint8Array.from(section));
  return Buffer.concat(parts);
}
