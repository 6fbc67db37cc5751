// docs/reference tells of everything that the package exports, as the published types have it.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { dist } from "../../tools/paths.mjs";
import { reference, written } from "../../tools/reference.mjs";
import { faceDirectory } from "../face/package.mjs";
import { publicFace } from "../face/public_face.mjs";

const text = [...written().values()].join("\n");

test("the pages are those that npm run reference writes", () => {
  assert.deepEqual(Object.fromEntries(written()), Object.fromEntries(reference()), "run npm run reference");
});

test("every method, event, option and error code is in it", async () => {
  mkdirSync(faceDirectory, { recursive: true });
  const face = publicFace();
  const has = (name) => text.includes(`### \`${name}\``) || text.includes(`## \`${name}\``);
  const last = (name) => name.split(/[.: ]/).at(-1).split("=")[0];
  const missing = (list, isThere) => {
    assert.ok(list.length > 5, `only ${list.length}`);
    return list.filter((name) => !isThere(name));
  };
  assert.deepEqual(
    missing(face.methods, (name) => has(name.split(/\.(.*)/)[1] ?? name)),
    [],
  );
  assert.deepEqual(
    missing(face.events, (name) => has(last(name))),
    [],
  );
  assert.deepEqual(
    missing(face.options, (name) => has(last(name))),
    [],
  );
  assert.deepEqual(
    missing(
      face.options.filter((name) => name.includes("=")),
      (name) => text.includes(`"${name.split("=")[1]}"`),
    ),
    [],
  );
  assert.deepEqual(
    missing(face.codes, (code) => text.includes(`| \`${code}\` |`)),
    [],
  );
  const { errorCodes, ...values } = await import(`${dist}/signalpost.js`);
  assert.deepEqual([...errorCodes].sort(), [...face.codes].sort());
  assert.deepEqual(
    Object.keys(values).filter((name) => !has(name)),
    [],
  );
});

test("every export and every member is described in words", () => {
  // A heading and a block of code, and then the next heading.
  const bare = [...text.matchAll(/^##+ (`[^\n]+`)\n\n```ts\n[^`]*\n```\n\n(?=#)/gm)].map(([, name]) => name);
  assert.deepEqual(bare, []);
});
