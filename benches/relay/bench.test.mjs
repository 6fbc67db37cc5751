// The parts of the benchmark that can be wrong without anybody's notice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { replaceMarked } from "../marked.mjs";
import { idleShare, processorTimes } from "./idle.mjs";

test("only the section with the name is replaced", () => {
  const section = (name, text) => `<!-- bench:${name} -->\n\n${text}\n\n<!-- /bench:${name} -->\n`;
  const document = `a\n${section("connect", "old")}b\n${section("relay", "old")}c\n`;
  assert.equal(replaceMarked(document, "relay", "new"), `a\n${section("connect", "old")}b\n${section("relay", "new")}c\n`);
  assert.equal(replaceMarked(document, "connect", "new"), `a\n${section("connect", "new")}b\n${section("relay", "old")}c\n`);
  assert.throws(() => replaceMarked(document, "server", "new"), /bench:server/);
});

test("idle is what no processor does, and what waits for a disk", async () => {
  const stat = (...times) => `cpu  ${times.join(" ")}\ncpu0 1 1 1 1\n`;
  assert.deepEqual(processorTimes(stat(10, 1, 5, 80, 2, 1, 1, 0, 7, 0)), { idle: 82, all: 100 });
  const reads = [stat(10, 0, 0, 90, 0, 0, 0, 0), stat(35, 0, 0, 165, 0, 0, 0, 0)];
  assert.equal(await idleShare(1, () => reads.shift()), 0.75);
});
