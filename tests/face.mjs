// Every method, event, option and error code of the public face is used by a page of the end-to-end tests, which recorded it.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { recordsDirectory } from "./face/package.mjs";
import { publicFace } from "./face/public_face.mjs";

const KINDS = { methods: "method", events: "event", options: "option", codes: "code" };

const used = new Set(readdirSync(recordsDirectory).flatMap((name) => readFileSync(path.join(recordsDirectory, name), "utf8").split("\n")));
const face = publicFace();

for (const [list, kind] of Object.entries(KINDS)) {
  test(`every ${kind} of the public face is used in a browser by a test`, (t) => {
    assert.ok(face[list].length > 10, `the declarations name only ${face[list].length}`);
    t.diagnostic(`${face[list].length} of them`);
    assert.deepEqual(
      face[list].filter((name) => !used.has(`${kind} ${name}`)),
      [],
      `no page of an end-to-end test used these: each needs a test`,
    );
  });
}
