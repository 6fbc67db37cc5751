// The modules of a crate can be read from the bottom up: nowhere do some of them need each other.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { closeOf, codeOf, partsOf, withoutTests } from "./rust_text.mjs";
import { within } from "./sources.mjs";

/** The roots of our crates; the sources of each are beside its root. */
const ROOTS = [
  "src/lib.rs",
  "crates/protocol/src/lib.rs",
  "crates/core/src/lib.rs",
  "crates/native/src/lib.rs",
  "crates/chaos/src/main.rs",
  "crates/server/src/lib.rs",
  "crates/server/src/main.rs",
  "crates/simulation/src/lib.rs",
  "crates/lab/src/lib.rs",
];

const ITEM = /\b(?:struct|enum|union|fn|trait|const|static|type|macro_rules!)\s+(?:mut\s+)?(\w+)/g;

/** Returns every path that `tree`, what a `use` names, imports: `[["crate", "a", "B"], "B"]`, with the name it has here. */
function importsOf(tree, before = []) {
  const open = tree.indexOf("{");
  const segments = (text) =>
    text
      .split("::")
      .map((segment) => segment.trim())
      .filter(Boolean);
  if (open >= 0) {
    const inner = tree.slice(open + 1, closeOf(tree, open));
    return partsOf(inner).flatMap((part) => importsOf(part, [...before, ...segments(tree.slice(0, open))]));
  }
  const [source, alias] = tree.split(/\s+as\s+/);
  const full = [...before, ...segments(source)];
  if (full.at(-1) === "self") full.pop();
  return [[full, alias?.trim() ?? full.at(-1)]];
}

/** Reads the module in `file` and all below it into `modules`, by their paths: `crate::peer::timing`. */
function readModules(sources, file, name, modules) {
  const code = withoutTests(codeOf(sources.get(file)));
  const isRoot = /(^|\/)(lib|main|mod)\.rs$/.test(file);
  const beside = isRoot ? path.posix.dirname(file) : file.replace(/\.rs$/, "");
  const uses = [...code.matchAll(/(?:^|[\s;}])use\s+([^;]+);/g)];
  let rest = code;
  for (const { 0: whole } of uses) rest = rest.replace(whole, " ");
  modules.set(name, {
    file,
    rest,
    items: new Set([...rest.matchAll(ITEM)].map(([, item]) => item)),
    imports: uses.flatMap(([, tree]) => importsOf(tree)),
    children: new Set(),
  });
  for (const [, child] of code.matchAll(/\bmod\s+(\w+)\s*;/g)) {
    const at = [`${beside}/${child}.rs`, `${beside}/${child}/mod.rs`].find((candidate) => sources.has(candidate));
    assert.ok(at, `${file} declares ${child}, which has no file`);
    modules.get(name).children.add(child);
    readModules(sources, at, `${name}::${child}`, modules);
  }
}

/** Returns the module that declares what `segments` names in `from`; `undefined` for what is not of this crate. */
function declaring(modules, from, segments, seen = new Set()) {
  const [first, ...others] = segments;
  const { children, imports, items } = modules.get(from);
  const key = `${from} ${segments.join("::")}`;
  if (seen.has(key)) return from;
  seen.add(key);
  if (first === undefined || first === "*") return from;
  if (first === "crate") return declaring(modules, "crate", others, seen);
  if (first === "self") return declaring(modules, from, others, seen);
  if (first === "super") return declaring(modules, from.slice(0, from.lastIndexOf("::")), others, seen);
  if (children.has(first)) return declaring(modules, `${from}::${first}`, others, seen);
  if (items.has(first)) return from;
  const imported = imports.find(([, alias]) => alias === first);
  if (imported) {
    const target = declaring(modules, from, imported[0], seen);
    // What follows the name of a module is below that module; what follows a type is not.
    const isModule = target && imported[0].at(-1) === target.split("::").at(-1);
    return isModule ? declaring(modules, target, others, seen) : target;
  }
  for (const [glob] of imports.filter(([full]) => full.at(-1) === "*" && full.length > 1)) {
    const target = declaring(modules, from, glob.slice(0, -1), seen);
    if (target && target !== from && modules.get(target).items.has(first)) return target;
  }
  return undefined;
}

/** Returns which module uses which, as pairs. What a module only hands on (`pub use`) it does not use. */
function edgesOf(modules) {
  const edges = [];
  for (const [name, { imports, rest, children }] of modules) {
    const own = (segments) => /^(crate|self|super)$/.test(segments[0]) || children.has(segments[0]);
    const used = imports.filter(([full, alias]) => own(full) && (full.at(-1) === "*" || new RegExp(`\\b${alias}\\b`).test(rest)));
    const inline = [...rest.matchAll(/(?<![\w:])(\w+(?:\s*::\s*\w+)+)/g)].map(([whole]) => whole.split("::").map((part) => part.trim()));
    for (const segments of [...used.map(([full]) => full), ...inline.filter(own)]) {
      // A path that names nothing declared here ends in the last module on its way: a macro made the item.
      const target = declaring(modules, name, segments) ?? declaring(modules, name, segments.slice(0, -1));
      if (target && target !== name) edges.push([name, target]);
    }
  }
  return edges;
}

/** Returns the groups of nodes that reach each other along `edges`. */
function circlesIn(edges) {
  const next = new Map();
  for (const [from, to] of edges) next.set(from, (next.get(from) ?? new Set()).add(to));
  const reach = (node) => {
    const reached = new Set();
    const open = [node];
    while (open.length > 0) {
      for (const to of next.get(open.pop()) ?? []) {
        if (reached.has(to)) continue;
        reached.add(to);
        open.push(to);
      }
    }
    return reached;
  };
  const reached = new Map([...next.keys()].map((node) => [node, reach(node)]));
  const circles = new Set();
  for (const [node, from] of reached) {
    if (from.has(node))
      circles.add(
        [...from]
          .filter((other) => reached.get(other)?.has(node))
          .sort()
          .join(" ↔ "),
      );
  }
  return [...circles];
}

/**
 * Returns every circle of the crate with its root in `file`. Below each module its children are looked at as wholes, with all below them,
 * beside what the module itself declares: a child that uses its parent is a circle only if the parent uses the child.
 */
function circles(sources, file) {
  const modules = new Map();
  readModules(new Map(sources.map(({ name, text }) => [name, text])), file, "crate", modules);
  const edges = edgesOf(modules);
  return [...modules.keys()].flatMap((parent) => {
    const place = (name) =>
      name === parent
        ? parent
        : name.startsWith(`${parent}::`)
          ? name
              .split("::")
              .slice(0, parent.split("::").length + 1)
              .join("::")
          : undefined;
    const projected = edges
      .map(([from, to]) => ({ from: place(from), to: place(to), why: `${from} → ${to}` }))
      .filter(({ from, to }) => from && to && from !== to);
    return circlesIn(projected.map(({ from, to }) => [from, to])).map((circle) => {
      const members = new Set(circle.split(" ↔ "));
      const why = projected.filter(({ from, to }) => members.has(from) && members.has(to)).map((edge) => edge.why);
      return `${file}: ${circle} (${[...new Set(why)].sort().join(", ")})`;
    });
  });
}

test("no modules of a crate form a circle", () => {
  const sources = within(/^(crates|src)\/.*\.rs$/);
  assert.deepEqual(
    ROOTS.flatMap((file) => circles(sources, file)),
    [],
  );
});

test("the rule about circles finds forged offences", () => {
  const crate = (texts) =>
    circles(
      Object.entries(texts).map(([name, text]) => ({ name: `src/${name}.rs`, text })),
      "src/lib.rs",
    );
  const found = (texts) => crate(texts).map((circle) => circle.replace(/^src\/lib\.rs: (.*) \(.*\)$/, "$1"));
  const lib = "mod low;\nmod high;\npub use high::High;";
  const high = "use crate::low::Low;\npub struct High(Low);";
  assert.deepEqual(found({ lib, high, low: "pub struct Low;" }), []);
  // By the other's own path, through what the crate hands on, inline, or in a group.
  for (const use of [
    "use super::high::High;",
    "use crate::High;",
    "type H = crate::high::High;",
    "use crate::{high::{self, High as Top}, A};",
  ]) {
    const low = `${use}\npub struct Low; fn of(_: H, _: High, _: Top) {}`;
    assert.deepEqual(found({ lib, high, low }), ["crate::high ↔ crate::low"], use);
  }
  // Tests, comments and strings may name anything.
  const low = '// use crate::High;\npub struct Low(#[doc = "crate::High"] u8);\n#[cfg(test)]\nmod tests { use crate::High; }';
  assert.deepEqual(found({ lib, high, low }), []);
  // A directory is one room, whichever of its files is used.
  const rooms = {
    lib: "mod a;\nmod b;",
    a: "mod one;\nmod two;",
    "a/one": "use crate::b::B;\npub struct One(B);",
    "a/two": "pub struct Two;",
  };
  assert.deepEqual(found({ ...rooms, b: "pub struct B;" }), []);
  assert.deepEqual(found({ ...rooms, b: "use crate::a::two::Two;\npub struct B(Two);" }), ["crate::a ↔ crate::b"]);
  // A child may extend its parent's type; then the parent uses nothing that the child declares.
  const child = "use super::Parent;\nimpl Parent { pub fn more(&self) {} }\npub struct Child;";
  assert.deepEqual(
    found({ lib: "mod parent;", parent: "mod child;\npub use child::Child;\npub struct Parent;", "parent/child": child }),
    [],
  );
  assert.deepEqual(
    found({ lib: "mod parent;", parent: "mod child;\nuse child::Child;\npub struct Parent(Child);", "parent/child": child }),
    ["crate::parent ↔ crate::parent::child"],
  );
});
