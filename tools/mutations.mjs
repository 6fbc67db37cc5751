// Proves that a test fails for each rule of the core that is broken: takes one rule at a time out of a copy of the workspace and runs the tests.
// `npm run mutations [-- [--new-only] [PART OF A NAME]]`; with --new-only, tests that fail without any mutation do not count.
// MUTATIONS_DIR keeps the copy, and with it the build, for the next run. The copy has its own target directory unless
// MUTATIONS_TARGET_DIR names another.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ToolError, capture, main } from "./command.mjs";
import { inRoot } from "./paths.mjs";

const NEGOTIATION = "crates/core/src/peer/negotiation.rs";
const GATHERING = "crates/core/src/peer/negotiation/gathering.rs";
const OWN_OFFER = "crates/core/src/peer/negotiation/own_offer.rs";
const REMOTE_OFFER = "crates/core/src/peer/negotiation/remote_offer.rs";
const TRACE = "crates/core/src/trace.rs";
const APPLICATION_SIGNALS = "crates/core/src/client/application_signals.rs";
const INBOUND = "crates/core/src/stream/inbound.rs";
const FRAMES = "crates/server/src/registry/sessions/frames.rs";
const CLAIM = "crates/server/src/registry/commands/claim.rs";
const MARKS = "crates/server/src/registry/rooms/marks.rs";
const PRESENCE = "crates/server/src/registry/rooms/presence.rs";
const REPLY = "crates/server/src/session/reply.rs";
const ROOMS = "crates/server/src/registry/commands/rooms.rs";

const AUDIT_MEMORY = "crates/server/src/audit/memory.rs";
const AUDIT_RECORD = "crates/server/src/audit/record.rs";
const STEADY_TIME = "crates/server/src/audit/steady_time.rs";

/** The crates whose tests run, unless a mutation names others. */
const TESTS = ["-p", "signalpost-core", "-p", "signalpost-simulation"];
const AUDIT_CONTRACT = ["-p", "signalpost-server", "--no-default-features", "--test", "audit_contract"];
const ENGINE_CONTRACT = ["-p", "signalpost-server", "--no-default-features", "--test", "engine_contract"];

/** Each mutation replaces an exact text, which must be in its file exactly once. */
const MUTATIONS = [
  {
    name: "the collision check is taken out",
    edits: [
      [
        REMOTE_OFFER,
        "let collision = self.own.current.is_out() || self.signaling_state != SignalingState::Stable;",
        "let collision = false;",
      ],
    ],
  },
  {
    name: "the ignored-offer rule is taken out: the impolite side accepts",
    edits: [[REMOTE_OFFER, "self.remote.is_ignored = collision && !self.polite;", "self.remote.is_ignored = false;"]],
  },
  {
    name: "the polite side ignores too",
    edits: [[REMOTE_OFFER, "self.remote.is_ignored = collision && !self.polite;", "self.remote.is_ignored = collision;"]],
  },
  {
    name: "the serial queue is taken out: messages are taken up while an operation runs",
    edits: [
      [NEGOTIATION, "        while self.in_flight.is_none() {\n", "        loop {\n"],
      [NEGOTIATION, "} else if self.is_offer_due() {", "} else if self.in_flight.is_none() && self.is_offer_due() {"],
    ],
  },
  {
    name: "a late answer is accepted",
    edits: [[OWN_OFFER, "} else if number != self.own.number {", "} else if false {"]],
  },
  {
    name: "the polite side sets its offers at once",
    edits: [[OWN_OFFER, "|| (is_first && !self.polite);", "|| is_first || self.polite;"]],
  },
  {
    name: "the polite side makes an offer that gathered nothing, instead of an invite",
    edits: [[OWN_OFFER, "if self.polite && begins && self.gathers {", "if false {"]],
  },
  {
    name: "a second invite restarts ICE again",
    edits: [[GATHERING, "if self.invites.heeded.as_deref() == Some(&*end) {", "if false {"]],
  },
  {
    name: "a trace holds all that an event says",
    edits: [[TRACE, "event.name().into()", 'alloc::format!("{event:?}")']],
  },
  {
    name: "a call that is limited does not say when it can succeed",
    edits: [[APPLICATION_SIGNALS, ".retry_after(Some(wait_ms))", ".retry_after(None)"]],
  },
  {
    name: "the server's duplicate check is taken out",
    edits: [[FRAMES, "Sequence::Next => {", "Sequence::Next | Sequence::Duplicate => {"]],
  },
  {
    name: "the server's gap check is taken out",
    // No test of the core or of the simulation sees this one.
    tests: ENGINE_CONTRACT,
    edits: [[FRAMES, "Sequence::Next => {", "Sequence::Next | Sequence::Gap => {"]],
  },
  {
    name: "the client's duplicate check is taken out",
    edits: [
      [
        INBOUND,
        "let sequence = Sequence::of(seq, self.received);",
        "let sequence = if Sequence::of(seq, self.received) == Sequence::Gap { Sequence::Gap } else { Sequence::Next };",
      ],
    ],
  },
  {
    name: "the client's gap check is taken out",
    edits: [
      [
        INBOUND,
        "let sequence = Sequence::of(seq, self.received);",
        "let sequence = if !self.received.covers(seq) { Sequence::Next } else { Sequence::Duplicate };",
      ],
    ],
  },
  {
    name: "the fencing is taken out: a replaced socket goes on speaking for its session, and ends it",
    edits: [
      [
        CLAIM,
        "                self.sockets.remove(&old);\n                let _taken = out.deliver(old, Delivery::Replaced);\n                self.deadlines.leases.remove(&(peer.due, id.clone()));",
        "                self.deadlines.leases.remove(&(peer.due, id.clone()));",
      ],
    ],
  },
  {
    name: "what has a number goes out before the welcome of a session begun anew is known",
    tests: ["-p", "signalpost-server", "--no-default-features", "--test", "two_sockets"],
    edits: [[REPLY, "            (State::Registered { held: Some(held), .. }, Some(seq)) => held.push_back((seq, mail)),\n", ""]],
  },
  {
    name: "the server's check for a late hello is taken out",
    tests: ENGINE_CONTRACT,
    edits: [[CLAIM, "is_claim_late: peer.keys.know_later(claim.attempt)", "is_claim_late: false"]],
  },
  {
    name: "a member does not hear that a peer is back that was away when it entered the room",
    edits: [
      [MARKS, "let changed = (known.present ^ fact.present) | (known.away ^ fact.away);", "let changed = known.present ^ fact.present;"],
    ],
  },
  {
    name: "members hear of new stays before the ends of former ones",
    edits: [
      [
        PRESENCE,
        "differences(Asked::Gone).chain(differences(Asked::Others))",
        "differences(Asked::Others).chain(differences(Asked::Gone))",
      ],
    ],
  },
  {
    name: "a relay does not wait for the news of its sender",
    edits: [
      [ROOMS, "let told = self.tell_about(to, from, out);", "let told = Ok::<(), crate::registry::sessions::mailbox::NotTaken>(());"],
    ],
  },
  {
    name: "the limit of joins is taken out",
    edits: [[ROOMS, "peer.joins.take(now).map_err(Refused::wait)?;\n", "\n"]],
  },
  {
    name: "a bucket of the audit trail never expires",
    tests: AUDIT_CONTRACT,
    edits: [[AUDIT_MEMORY, "&& expires_at(*oldest.key()) <= now", "&& expires_at(*oldest.key()) <= 0"]],
  },
  {
    name: "a key of the audit trail never expires",
    tests: AUDIT_CONTRACT,
    edits: [[AUDIT_MEMORY, "self.keys.retain(|day, _| day.key_expires_at() > now);", ""]],
  },
  {
    name: "a wall clock that is set back holds the audit trail's time up",
    tests: AUDIT_CONTRACT,
    edits: [[STEADY_TIME, "self.unix = self.unix.saturating_add(passed).max(wall);", "self.unix = wall.max(passed);"]],
  },
  {
    name: "who received something stays in the audit trail after an erasure",
    tests: AUDIT_CONTRACT,
    edits: [[AUDIT_RECORD, "self.from == *peer || self.to == Some(*peer)", "self.from == *peer"]],
  },
];

const COPIED = [
  "Cargo.toml",
  "Cargo.lock",
  "rust-toolchain.toml",
  "clippy.toml",
  "crates",
  "src",
  "tools/bind",
  "benches/server",
  "tests/operations",
  "tests/vectors",
];

async function copyWorkspace(directory) {
  for (const name of COPIED) {
    await rm(path.join(directory, name), { recursive: true, force: true });
    await cp(inRoot(name), path.join(directory, name), { recursive: true, preserveTimestamps: true });
  }
}

/** Writes the mutation; returns a function that takes it back. */
async function mutate(directory, { name, edits }) {
  const before = new Map();
  for (const [file, from, to] of edits) {
    const target = path.join(directory, file);
    const text = await readFile(target, "utf8");
    if (!before.has(target)) before.set(target, text);
    if (text.split(from).length !== 2) throw new ToolError(`"${name}": ${file} must contain this text exactly once:\n${from}`);
    await writeFile(
      target,
      text.replace(from, () => to),
    );
  }
  return () => Promise.all([...before].map(([target, text]) => writeFile(target, text)));
}

/** Returns the names of the tests that failed. */
async function failures(directory, target, tests = TESTS) {
  const args = ["test", ...tests, "--offline", "--no-fail-fast"];
  const env = { CARGO_TARGET_DIR: target, RUST_BACKTRACE: "0" };
  const { code, stdout, stderr } = await capture("cargo", args, { cwd: directory, env });
  const red = [...stdout.matchAll(/^test (.+?) \.\.\. FAILED$/gm)].map(([, test]) => test.replace(/ - should panic$/, ""));
  if (code !== 0 && red.length === 0) throw new ToolError(`cargo test failed, but no test failed:\n${stderr.slice(-3000)}`);
  return [...new Set(red)].sort();
}

await main(async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { "new-only": { type: "boolean" } } });
  const wanted = MUTATIONS.filter(({ name }) => name.includes(positionals[0] ?? ""));
  if (wanted.length === 0) throw new ToolError(`no mutation has "${positionals[0]}" in its name`);
  const kept = process.env.MUTATIONS_DIR;
  if (kept !== undefined) await mkdir(kept, { recursive: true });
  const directory = kept ?? (await mkdtemp(path.join(os.tmpdir(), "signalpost-mutations-")));
  const target = process.env.MUTATIONS_TARGET_DIR ?? path.join(directory, "target");
  try {
    await copyWorkspace(directory);
    // A mutation that no longer applies is reported before anything is built.
    for (const mutation of wanted) await (await mutate(directory, mutation))();
    const before = [];
    for (const tests of new Set(wanted.map(({ tests }) => tests))) before.push(...(await failures(directory, target, tests)));
    if (before.length > 0 && !values["new-only"]) throw new ToolError(`these tests fail without any mutation: ${before.join(", ")}`);
    let unseen = 0;
    for (const mutation of wanted) {
      const takeBack = await mutate(directory, mutation);
      const red = (await failures(directory, target, mutation.tests)).filter((test) => !before.includes(test));
      await takeBack();
      if (red.length === 0) unseen += 1;
      console.log(`${red.length === 0 ? "NOT SEEN" : "seen"}: ${mutation.name}`);
      for (const test of red) console.log(`    ${test}`);
    }
    console.log(`${wanted.length - unseen} seen, ${unseen} not seen`);
    process.exitCode = unseen === 0 ? 0 : 1;
  } finally {
    if (kept === undefined) await rm(directory, { recursive: true, force: true });
  }
});
