// Runs the shell's own tests (wasm-bindgen-test) in a real browser, in a network namespace of their own.
import { readdirSync } from "node:fs";
import path from "node:path";
import { temporaryDirectory } from "../../tests/harness/cleanup.mjs";
import { makeNamespace } from "../../tests/harness/namespace.mjs";
import { ToolError, run } from "../command.mjs";
import { inRoot } from "../paths.mjs";
import { cargoToolPath, toolPath } from "../toolchain.mjs";

const BROWSERS = {
  chromium: () => ["--chrome", "--chromedriver", toolPath("chromedriver")],
  firefox: () => ["--firefox", "--geckodriver", toolPath("geckodriver")],
};

export async function shell(browser) {
  // wasm-pack succeeds when there is no test to run.
  if (!readdirSync(inRoot("tests")).some((name) => name.endsWith(".rs"))) throw new ToolError("tests/ has no *.rs");
  // Fetches and builds outside of the namespace, which reaches no registry; `cargo metadata` wants the crates of every platform.
  await run("cargo", ["fetch", "--quiet"]);
  await run("cargo", ["build", "--quiet", "--tests", "--target", "wasm32-unknown-unknown", "-p", "signalpost"]);
  const namespace = await makeNamespace();
  const { directory, remove } = temporaryDirectory();
  try {
    const options = ["--headless", "--mode", "no-install", ...BROWSERS[browser]()];
    const [program, ...args] = [...namespace.prefix, toolPath("wasm-pack")];
    await run(program, [...args, "--log-level", "error", "test", ...options, ".", "-p", "signalpost"], {
      timeoutMs: 300_000,
      env: {
        PATH: [...cargoToolPath(), process.env.PATH].join(path.delimiter),
        CARGO_NET_OFFLINE: "true",
        WASM_BINDGEN_TEST_TIMEOUT: "120",
        // The browsers put their profiles here.
        TMPDIR: directory,
      },
    });
  } finally {
    namespace.remove();
    remove();
  }
}
