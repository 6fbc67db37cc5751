// The server passes on more than the grammar of RFC 8839 and RFC 8866, because browsers accept more. This test shows that they do.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { inRoot } from "../../tools/paths.mjs";
import { blank } from "./support/pages.mjs";
import { makeWorld, withPages } from "./support/world.mjs";

let world;
before(async () => (world = await makeWorld(["chromium", "firefox"])));
after(() => world?.close());

const vectors = JSON.parse(readFileSync(inRoot("tests", "vectors", "candidates.json"), "utf8"));
// Browsers require the name of the attribute; in a description it is there.
const lines = vectors.filter(({ ok, line }) => ok && line.includes("candidate:")).map(({ line }) => line);

/** In a page: returns how a connection reacts to candidates, and to descriptions with other ends of lines. */
async function refusals({ lines }) {
  const [offerer, answerer, plain] = [0, 1, 2].map(() => new RTCPeerConnection());
  offerer.createDataChannel("x");
  await offerer.setLocalDescription();
  const { type, sdp } = offerer.localDescription;
  const refused = [];
  const attempt = (what, call) => call.catch(({ name, message }) => refused.push(`${what}: ${name} ${message}`));
  await answerer.setRemoteDescription({ type, sdp });
  for (const candidate of lines) await attempt(candidate, answerer.addIceCandidate({ candidate, sdpMid: "0" }));
  await attempt("line feeds", plain.setRemoteDescription({ type, sdp: sdp.replaceAll("\r", "") }));
  await attempt("neither sdpMid nor sdpMLineIndex", answerer.addIceCandidate({ candidate: lines[0] }));
  for (const connection of [offerer, answerer, plain]) connection.close();
  return refused;
}

for (const kind of ["chromium", "firefox"]) {
  describe(kind, () => {
    test("takes each candidate that is taken here, and a description with line feeds, but no candidate of nowhere", () =>
      withPages(world.pick(kind), [blank(world.server)], async (page) => {
        assert.ok(lines.length > 40, `${lines.length} lines`);
        const [nowhere, ...others] = (await page.evaluate(refusals, { lines })).reverse();
        assert.deepEqual(others, []);
        assert.match(nowhere, /^neither sdpMid nor sdpMLineIndex: TypeError/);
      }));
  });
}
