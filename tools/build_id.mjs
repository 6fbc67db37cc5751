// A script and a module that are not of one build do not fit together, and are served together all the same: by a cache, or
// while a release is rolled out. So the module carries an id in a custom section, and the script compares it (js/load.ts).
import { createHash } from "node:crypto";
import { unsigned } from "./wasm_module.mjs";

/** The id of a module: a hash of its bytes, which decide the names between it and its script. */
export const buildIdOf = (wasm) => createHash("sha256").update(wasm).digest("hex").slice(0, 16);

/** The module with its id in a custom section (WebAssembly core specification, §5.5.3). */
export function withBuildId(wasm) {
  const sized = (bytes) => Buffer.concat([Buffer.from(unsigned(bytes.length)), bytes]);
  const body = Buffer.concat([sized(Buffer.from("signalpost-build")), Buffer.from(buildIdOf(wasm))]);
  return Buffer.concat([wasm, Buffer.from([0]), sized(body)]);
}
