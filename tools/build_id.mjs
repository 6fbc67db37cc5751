// A cache, or a release that is being rolled out, may serve a script with the module of another build, which do not fit together.
// The module therefore carries an id in a custom section, and the script compares it (js/load.ts).
import { createHash } from "node:crypto";
import { unsigned } from "./wasm_module.mjs";

/** Returns the id of a module: a hash of its bytes, which decide the names that it shares with its script. */
export const buildIdOf = (wasm) => createHash("sha256").update(wasm).digest("hex").slice(0, 16);

/** Returns the module with its id in a custom section (WebAssembly core specification, §5.5.3). */
export function withBuildId(wasm) {
  const sized = (bytes) => Buffer.concat([Buffer.from(unsigned(bytes.length)), bytes]);
  const body = Buffer.concat([sized(Buffer.from("signalpost-build")), Buffer.from(buildIdOf(wasm))]);
  return Buffer.concat([wasm, Buffer.from([0]), sized(body)]);
}
