// The arrows and the laws of ARCHITECTURE.md, proved. Each rule is also shown a forged offence that it must find.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { files, read, root, within } from "./architecture/sources.mjs";
import "./architecture/modules.mjs";
import "./architecture/structs.mjs";

/** What may be depended on, dev-dependencies aside. An empty target is any. */
const ARROWS = {
  "signalpost-protocol": ["serde"],
  "signalpost-core": ["signalpost-protocol"],
  signalpost: [
    "signalpost-core",
    "signalpost-protocol",
    "wasm-bindgen",
    "wasm-bindgen-futures",
    "web-sys",
    "js-sys",
    "gloo-timers",
    "futures-channel",
    "futures-util",
    "serde",
    "serde-wasm-bindgen",
    "rlsf",
  ],
};
/** Arrows between our own crates; what else these depend on is theirs. */
const OWN_ARROWS = {
  "signalpost-server": ["signalpost-protocol"],
  "signalpost-native": ["signalpost-core"],
  "signalpost-chaos": ["signalpost-lab", "signalpost-native", "signalpost-protocol"],
  "signalpost-bench-server": ["signalpost-lab"],
  "signalpost-lab": [],
  "signalpost-simulation": ["signalpost-core", "signalpost-server", "signalpost-protocol"],
};

function wrongArrows(packages) {
  const wrong = [];
  for (const { name, dependencies } of packages) {
    const normal = dependencies.filter(({ kind }) => kind === null).map((dependency) => dependency.name);
    const own = normal.filter((dependency) => dependency.startsWith("signalpost"));
    for (const dependency of ARROWS[name] ? normal : own) {
      if (!(ARROWS[name] ?? OWN_ARROWS[name] ?? []).includes(dependency)) wrong.push(`${name} → ${dependency}`);
    }
  }
  return wrong;
}

const metadata = JSON.parse(
  execFileSync("cargo", ["metadata", "--format-version", "1", "--no-deps", "--offline"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  }),
);

test("crates depend only along the arrows", () => {
  assert.deepEqual(wrongArrows(metadata.packages), []);
  const forged = [{ name: "signalpost-server", dependencies: [{ kind: null, name: "signalpost-core" }] }];
  assert.deepEqual(wrongArrows(forged), ["signalpost-server → signalpost-core"]);
});

test("the simulation takes the server without its network part", () => {
  const simulation = metadata.packages.find(({ name }) => name === "signalpost-simulation");
  const server = simulation.dependencies.find(({ name }) => name === "signalpost-server");
  assert.equal(server?.uses_default_features, false);
});

/** Lines that hold what they may not; comments and test modules aside. */
function offences(sources, banned) {
  return sources.flatMap(({ name, text }) =>
    text
      .split(/^#\[cfg\(test\)\]/m)[0]
      .split("\n")
      .flatMap((line, at) => (!/^\s*(\/\/|\*|\/\*)/.test(line) && banned.test(line) ? [`${name}:${at + 1}: ${line.trim()}`] : [])),
  );
}

const sansIo = within(/^crates\/(protocol|core)\/src\/(?!(?:.*[_/])?tests\.rs$).*\.rs$/);
const serverSansIo = within(/^crates\/server\/src\/(session|registry|audit)\/(?!.*tests\.rs$).*\.rs$/);
const shell = within(/^src\/.*\.rs$/);
const facade = within(/^js\/.*\.ts$/);

test("core, protocol and the server's sans-IO part read no clock, draw nothing, do no I/O and never panic", () => {
  const io = /\bstd::(time|thread|net|fs|env|io|process)\b|\b(tokio|web_sys|js_sys|wasm_bindgen|getrandom|rand)::|\bprintln!|\beprintln!/;
  const panics = /\.unwrap\(\)|\.expect\(|\bpanic!|\bunreachable!|\btodo!|\bunimplemented!/;
  assert.ok(sansIo.length > 20 && serverSansIo.length > 5);
  assert.deepEqual(offences([...sansIo, ...serverSansIo], io), []);
  assert.deepEqual(offences([...sansIo, ...serverSansIo, ...shell], panics), []);
  assert.equal(offences([{ name: "x", text: "let t = std::time::Instant::now();" }], io).length, 1);
  assert.equal(offences([{ name: "x", text: "x.unwrap();\n#[cfg(test)]\ny.unwrap();" }], panics).length, 1);
});

test("the shell knows no message and decides nothing", () => {
  const protocol = /\b(ServerMessage|ClientMessage|Signal::|ErrorCode|CloseCode|SignalingState\s*==|ConnectionState\s*==)/;
  assert.ok(shell.length > 8);
  assert.deepEqual(offences(shell, protocol), []);
  assert.equal(offences([{ name: "x", text: "if code == ErrorCode::Closed {" }], protocol).length, 1);
});

test("the shell is Rust alone", () => {
  const others = (sources) => sources.map(({ name }) => name).filter((name) => !name.endsWith(".rs"));
  assert.deepEqual(others(within(/^src\//)), []);
  assert.deepEqual(others([{ name: "src/browser.js" }, { name: "src/lib.rs" }]), ["src/browser.js"]);
});

test("every closure of the shell has an owner, and no export can be re-entered", () => {
  const leaks = /\.forget\(\)|mem::forget|into_js_value\(\)|once_into_js/;
  assert.deepEqual(offences(shell, leaks), []);
  assert.equal(offences([{ name: "x", text: "closure.forget();" }], leaks).length, 1);
  const exported = shell.filter(({ text }) => /#\[wasm_bindgen\]\nimpl/.test(text));
  assert.ok(exported.length > 0);
  assert.deepEqual(offences(exported, /pub (async fn|fn [^(]*\(\s*&mut self)/), []);
});

test("the facade knows no message type", () => {
  const types = [...read("crates/protocol/src/kind.rs").matchAll(/^ {4}\w+ = "([a-z-]+)",/gm)].map(([, type]) => type);
  assert.ok(types.includes("ice-candidate") && types.includes("hello") && types.length > 15);
  // Words that the browser's own interfaces use too, and events of the public face that are called the same.
  const own = new Set(["message", "ice-candidate", "error", "close", "closed", "offer", "answer", "peers", "left", "joined", "reconnect"]);
  const banned = new RegExp(`["'\`](${types.filter((type) => !own.has(type)).join("|")})["'\`]`);
  assert.deepEqual(offences(facade, banned), []);
  assert.equal(offences([{ name: "x", text: 'send("peer-discovery")' }], banned).length, 1);
});

test("facade and crates share one list of error codes", () => {
  const declared = [...read("crates/protocol/src/error_code.rs").matchAll(/^ {4}\w+ = "([a-z-]+)", (?:true|false);/gm)].map(
    ([, code]) => code,
  );
  const described = [...read("js/errors.ts").matchAll(/^ {2}"([a-z-]+)":/gm)].map(([, code]) => code);
  assert.ok(declared.length > 20);
  assert.deepEqual(described, declared);
});

/** A number as Rust and TypeScript write it. */
const number = (text) => Number(text.replaceAll("_", ""));
/** The constants of a source that are numbers, by name. */
const constants = (text, pattern) => new Map([...text.matchAll(pattern)].map(([, name, value]) => [name, number(value)]));

test("facade and crates share one list of limits", () => {
  const rust = constants(read("crates/protocol/src/limits.rs"), /^pub const (\w+): \w+ = ([\d_]+);/gm);
  const script = constants(read("js/limits.ts"), /^export const (\w+) = ([\d_]+);/gm);
  const differing = (ours, theirs) => [...ours].filter(([name, value]) => theirs.get(name) !== value).map(([name]) => name);
  assert.ok(script.size > 7);
  assert.deepEqual(differing(script, rust), []);
  assert.deepEqual(differing(new Map([["PAGE", 101]]), rust), ["PAGE"]);
  // What the facade says in words.
  const said = (name, pattern) => [...read(name).matchAll(pattern)].map(([, value]) => number(value));
  const rooms = said("js/errors.ts", /(\d+) rooms/g);
  const messages = ["js/remote_peer.ts", "js/room.ts"].flatMap((name) => said(name, /JSON can hold in (\d+) bytes/g));
  assert.ok(rooms.length > 0 && messages.length > 1);
  assert.deepEqual([...new Set(rooms)], [rust.get("ROOMS_PER_PEER")]);
  assert.deepEqual([...new Set(messages)], [rust.get("MESSAGE_BYTES")]);
  assert.deepEqual(said("js/options.ts", /JSON can hold in (\d+) bytes/g), [rust.get("METADATA_BYTES")]);
});

test("facade and core share the defaults of the options", () => {
  const config = read("crates/core/src/config.rs");
  const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  const script = read("js/limits.ts");
  const options = read("js/options.ts");
  for (const [object, record] of [
    ["RECONNECT", "ReconnectOptions"],
    ["CANDIDATES", "CandidateOptions"],
  ]) {
    const [, body] = new RegExp(`impl Default for ${record} \\{[^{]*\\{\\s*Self \\{([^}]*)\\}`).exec(config);
    const core = new Map([...body.matchAll(/(\w+): ([\d_.]+)/g)].map(([, name, value]) => [camel(name), number(value)]));
    const [, declared] = new RegExp(`export const ${object} = \\{([^}]*)\\}`).exec(script);
    const facade = new Map([...declared.matchAll(/(\w+): ([\d_.]+)/g)].map(([, name, value]) => [name, number(value)]));
    assert.ok(facade.size > 1, object);
    assert.deepEqual(facade, core, object);
    for (const [name, value] of facade) {
      const [, told] = new RegExp(`Default ([\\d_.]+)\\. \\*/\\s*readonly ${name}\\?`).exec(options) ?? [];
      assert.equal(number(told ?? ""), value, `what is said of ${name}`);
    }
  }
});

test("facade and crates share one list of reasons", () => {
  const words = (text) => [...text.matchAll(/"([a-z-]+)"/g)].map(([, word]) => word);
  const [, lists] = /^words! \{\n(.*?)^\}/ms.exec(read("crates/protocol/src/reason.rs"));
  const rust = [...lists.matchAll(/^ {4}(\w+) \{([^}]*)\}/gm)].map(([, name, body]) => [name, words(body)]);
  const script = [...read("js/reasons.ts").matchAll(/^export type (\w+) = (.*);/gm)].map(([, name, body]) => [name, words(body)]);
  assert.equal(rust.length, 4);
  assert.deepEqual(script, rust);
});

/** The npm packages that a script needs before its first line runs, itself or through what it imports. */
function packagesBefore(script, seen = new Set()) {
  if (seen.has(script)) return [];
  seen.add(script);
  const imports = [...read(script).matchAll(/^(?:import|export)\s(?:[\w\s{},*]+\sfrom\s+)?["']([^"']+)["'];?$/gm)].map(([, from]) => from);
  return imports.flatMap((from) => {
    if (from.startsWith(".")) return packagesBefore(path.posix.join(path.posix.dirname(script), from), seen);
    return from.startsWith("node:") ? [] : [`${script} → ${from}`];
  });
}

test("the two commands start where no npm package is installed yet", () => {
  for (const command of ["tools/test.mjs", "tools/start.mjs", "tools/build.mjs"]) {
    const seen = new Set();
    assert.deepEqual(packagesBefore(command, seen), []);
    assert.ok(seen.size > 4, `${command} imports more than ${[...seen]}`);
  }
  assert.deepEqual(packagesBefore("tests/face/public_face.mjs"), ["tests/face/public_face.mjs → typescript/unstable/sync"]);
});

test("no god file, no utils", () => {
  // Tests too: who reads one should see what it is about.
  const long = (sources) => sources.filter(({ text }) => text.trimEnd().split("\n").length > 400).map(({ name }) => name);
  const sources = within(/\.(rs|ts|mjs|js|css|html)$/);
  assert.ok(sources.some(({ name }) => name.startsWith("tests/")) && sources.some(({ name }) => name.endsWith("_tests.rs")));
  assert.deepEqual(long(sources), []);
  assert.deepEqual(
    long([
      { name: "x", text: `${"\n".repeat(400)}end\n` },
      { name: "y", text: "line\n".repeat(400) },
    ]),
    ["x"],
  );
  assert.deepEqual(
    files.filter((name) => /(^|\/)utils?(\/|\.)/.test(name)),
    [],
  );
});

test("nothing here tells of a machine", () => {
  const found = within(/\.(rs|ts|mjs|js|css|html|md|toml|json)$/).flatMap(({ name, text }) =>
    name.endsWith("package-lock.json") || name === "tests/architecture.mjs"
      ? []
      : offences([{ name, text }], /(^|["'\s(=`])\/(home|root|Users|work)\//),
  );
  assert.deepEqual(found, []);
  const locks = within(/(^|\/)package-lock\.json$/);
  assert.ok(locks.length > 1);
  assert.deepEqual(
    locks.filter(({ text }) => /"resolved"/.test(text)).map(({ name }) => name),
    [],
    "these name a registry",
  );
});
