// docs/guides/errors.md lists exactly the codes that exist, and says whether a retry can help.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { dist, inRoot } from "../../tools/paths.mjs";

const text = (...parts) => readFileSync(inRoot(...parts), "utf8");

/** `| `code` | what happened | whose side | retry | what helps |` */
const told = [...text("docs", "guides", "errors.md").matchAll(/^\| `([a-z-]+)` \|(.*)\|$/gm)].map(([, code, rest]) => {
  const cells = rest.split("|").map((cell) => cell.trim());
  return { code, cells };
});
const declared = [...text("crates", "protocol", "src", "error_code.rs").matchAll(/^ {4}\w+ = "([a-z-]+)", (true|false);$/gm)].map(
  ([, code, retryable]) => ({
    code,
    retryable: retryable === "true",
  }),
);

test("each code once, in the guide, in the facade and in the protocol", async () => {
  const { errorCodes } = await import(`${dist}/signalpost.js`);
  const codes = told.map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length, "a code is told twice");
  assert.ok(declared.length > 25, `only ${declared.length} codes are declared`);
  assert.deepEqual([...codes].sort(), declared.map(({ code }) => code).sort());
  assert.deepEqual([...codes].sort(), [...errorCodes].sort());
});

test("each says what happened, on whose side, whether a retry can help, and what to do", () => {
  const retryable = new Map(declared.map(({ code, retryable }) => [code, retryable]));
  for (const { code, cells } of told) {
    assert.equal(cells.length, 4, `${code} has ${cells.length} cells`);
    const [what, side, retry, remedy] = cells;
    assert.ok(what.length > 10 && remedy.length > 5, code);
    assert.match(side, /^(yours|theirs|server|network|browser|ours)(, (yours|theirs|server|network|browser|ours))*$/, code);
    assert.equal(retry, retryable.get(code) ? "yes" : "no", `${code}: retryable`);
  }
});
