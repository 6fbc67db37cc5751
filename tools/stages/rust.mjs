// The stages that read the sources (format, lint), and those that cargo does alone (native, docs).
import { biome } from "../biome.mjs";
import { run } from "../command.mjs";
import { checkTypes } from "../declarations.mjs";
import { buildGlue } from "../glue.mjs";

export async function format() {
  for (const manifest of ["Cargo.toml", "fuzz/Cargo.toml"]) await run("cargo", ["fmt", "--all", "--check", "--manifest-path", manifest]);
  await biome("format");
}

export async function lint() {
  await biome("lint", "--error-on-warnings");
  await run("cargo", ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]);
  const wasm = ["--target", "wasm32-unknown-unknown", "--all-targets"];
  await run("cargo", ["clippy", "--quiet", "-p", "signalpost", ...wasm, "--features", "trap-hook", "--", "-D", "warnings"]);
  await buildGlue();
  await checkTypes();
}

// `npm test` tries the same cases in every run; `cargo test` alone draws others each time.
const env = { PROPTEST_RNG_SEED: process.env.PROPTEST_RNG_SEED ?? "1" };

export const native = () =>
  run("cargo", ["test", "--quiet", "--workspace", "--exclude", "signalpost", "--exclude", "signalpost-bind"], { env });

const documented = ["protocol", "core", "native", "server"].flatMap((crate) => ["-p", `signalpost-${crate}`]);

export const docs = () => run("cargo", ["doc", "--quiet", "--no-deps", ...documented], { env: { RUSTDOCFLAGS: "-D warnings" } });
