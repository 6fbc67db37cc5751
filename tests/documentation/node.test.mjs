// Runs the guides' programs for Node with the package as an application has it, against a real server. They end by themselves.
import assert from "node:assert/strict";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { inRoot } from "../../tools/paths.mjs";
import { makeNamespace } from "../harness/namespace.mjs";
import { startServer } from "../harness/server.mjs";
import { blocksOf, documents, where } from "./blocks.mjs";
import { NODE_CODE } from "./program.mjs";

const blocks = documents.flatMap(blocksOf).filter(({ language }) => language === NODE_CODE);

let namespace;
let server;
before(async () => {
  namespace = await makeNamespace();
  server = await startServer(namespace);
});
after(async () => {
  await server?.stop("SIGKILL");
  namespace?.remove();
});

test("there are some", () => assert.ok(blocks.length > 0));

for (const [at, block] of blocks.entries()) {
  test(where(block), async () => {
    const directory = inRoot("target", "documentation-node", String(at));
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(path.join(directory, "node_modules"), { recursive: true });
    symlinkSync(inRoot(), path.join(directory, "node_modules", "signalpost"));
    symlinkSync(inRoot("node_modules", "ws"), path.join(directory, "node_modules", "ws"));
    const program = path.join(directory, "program.mjs");
    writeFileSync(program, block.lines.join("\n").replace(/"wss?:\/\/[^"]*\/signal"/g, `"ws://localhost:${server.port}/signal"`));
    const { code, stdout, stderr } = await namespace.run(process.execPath, [program], { timeout: 20_000 });
    assert.equal(code, 0, `it did not end by itself, or ended badly: ${stderr}`);
    assert.match(stdout, /connected/);
  });
}
