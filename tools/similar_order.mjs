// gzip looks back 32 kB: functions that resemble each other compress best as neighbours. Which come next to which is found
// here, in several ways, of which gzip says the best; wasm-opt moves them, by the names that this gives them.
import { gzipSync } from "node:zlib";
import { SECTION, definedFunctions, importedFunctions, sections, unsigned } from "./wasm_module.mjs";

/** Bytes that count as one likeness: one instruction or two. */
const GRAMS = [3, 4, 5, 6];
/** How far back a function is compared, in bytes. */
const LOOK_BACKS = [700, 1_000, 1_400, 2_000, 2_800, 4_000, 5_600, 8_000];
/** How much the small are held back, in likenesses. */
const HANDICAPS = [1, 2, 3, 5, 8, 12];

function grams(body, gram) {
  const found = new Set();
  for (let at = 0; at + gram <= body.length; at++) {
    let hash = 0;
    for (let i = at; i < at + gram; i++) hash = (hash * 257 + body[i]) | 0;
    found.add(hash);
  }
  return found;
}

/** For each function the numbers of its grams, and for each gram the functions that hold it. */
function likenesses(bodies, gram) {
  const numbers = new Map();
  const holders = [];
  const held = bodies.map((body, of) =>
    [...grams(body, gram)].map((hash) => {
      if (!numbers.has(hash)) numbers.set(hash, holders.push([]) - 1);
      const number = numbers.get(hash);
      holders[number].push(of);
      return number;
    }),
  );
  return { held, holders };
}

/** The indices of the functions, each after the ones of which it repeats most. */
function order(bodies, { held, holders }, lookBack, handicap) {
  const left = new Set(bodies.keys());
  const recent = [];
  const seen = new Uint32Array(holders.length);
  const repeated = new Int32Array(bodies.length);
  let bytes = 0;
  const ordered = [];
  const note = (of, step) => {
    for (const gram of held[of]) {
      const before = seen[gram];
      seen[gram] += step;
      if (!before !== !seen[gram]) for (const holder of holders[gram]) repeated[holder] += step;
    }
    bytes += step * bodies[of].length;
  };
  while (left.size > 0) {
    let best = -1;
    let most = -1;
    for (const candidate of left) {
      const alike = repeated[candidate] / (held[candidate].length + handicap);
      if (alike > most) [best, most] = [candidate, alike];
    }
    left.delete(best);
    ordered.push(best);
    recent.push(best);
    note(best, 1);
    while (bytes > lookBack && recent.length > 1) note(recent.shift(), -1);
  }
  return ordered;
}

/** The order that compresses best. */
function bestOrder(bodies) {
  let best = [];
  let least = Infinity;
  for (const gram of GRAMS) {
    const alike = likenesses(bodies, gram);
    for (const lookBack of LOOK_BACKS) {
      for (const handicap of HANDICAPS) {
        const found = order(bodies, alike, lookBack, handicap);
        const { length } = gzipSync(Buffer.concat(found.map((of) => bodies[of])), { level: 9 });
        if (length < least) [best, least] = [found, length];
      }
    }
  }
  return best;
}

const named = (text) => [...unsigned(text.length), ...Buffer.from(text)];

/** The module with names that sort its functions; other names are gone. */
export function nameInOrder(wasm) {
  const bodies = definedFunctions(wasm).map(({ body }) => body);
  const all = sections(wasm).filter(({ id }) => id !== SECTION.custom);
  const imported = all.filter(({ id }) => id === SECTION.import).reduce((sum, { body }) => sum + importedFunctions(body), 0);
  const names = [];
  bestOrder(bodies).forEach((function_, rank) => (names[function_] = String(rank).padStart(6, "0")));
  const map = [...unsigned(bodies.length), ...names.flatMap((name, at) => [...unsigned(imported + at), ...named(name)])];
  const section = [...named("name"), 1, ...unsigned(map.length), ...map];
  const parts = [wasm.subarray(0, 8)];
  for (const { id, body } of all) parts.push(Uint8Array.of(id, ...unsigned(body.length)), body);
  parts.push(Uint8Array.of(SECTION.custom, ...unsigned(section.length)), Uint8Array.from(section));
  return Buffer.concat(parts);
}
