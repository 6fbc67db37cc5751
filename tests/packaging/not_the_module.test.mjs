// `load-failed` names what came in place of the module: many servers answer with a page for a file that they do not have.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { dist, moduleInPackage } from "../../tools/paths.mjs";

const { initialize } = await import(`${dist}/signalpost.js`);

const PAGE = '<!doctype html>\n<script type="module" src="/@vite/client"></script>';

const answered = (body, type) => initialize(new Response(body, { headers: type === undefined ? {} : { "content-type": type } }));

for (const [what, body, type] of [
  ["a page", PAGE, "text/html"],
  ["a page that begins with an empty line, with a character set", `\n${PAGE}`, "text/html; charset=utf-8"],
  ["a page under another type", PAGE, "application/octet-stream"],
  ["an empty page", "", "text/html"],
]) {
  test(`${what} is called HTML, with the remedy`, () =>
    assert.rejects(answered(body, type), ({ code, message }) => {
      assert.equal(code, "load-failed");
      assert.match(message, /pass it to initialize\(\).*HTML came from .*optimizeDeps\.exclude to \["signalpost"\]/);
      return true;
    }));
}

test("what is neither a page nor a module is not called HTML", async () => {
  for (const [body, type] of [
    ["{}", "application/json"],
    ["no", "text/plain"],
    [new Uint8Array([0, 1]), "text/html"],
  ]) {
    await assert.rejects(answered(body, type), ({ code, message }) => code === "load-failed" && !message.includes("HTML came"));
  }
});

test("the module itself is taken under any type", async () => {
  // This comes last, because the package keeps the first module that it loads.
  await answered(readFileSync(path.join(dist, moduleInPackage)), "text/html");
});
