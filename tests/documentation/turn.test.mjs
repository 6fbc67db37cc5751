// coturn takes docs/deploy/turnserver.conf as it stands, and gives a browser a relay for credentials made as its comment says.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inRoot } from "../../tools/paths.mjs";
import { toolPath } from "../../tools/toolchain.mjs";
import { blank } from "../e2e/support/pages.mjs";
import { makeWorld, withPages } from "../e2e/support/world.mjs";

let world;
before(async () => {
  world = await makeWorld(["chromium"]);
});
after(() => world?.close());

/** Gathers in the page until the end; returns the relay candidates and the codes of the errors. */
async function gather(iceServer) {
  const connection = new RTCPeerConnection({ iceServers: [iceServer], iceTransportPolicy: "relay" });
  const found = { candidates: [], errors: [] };
  const complete = new Promise((done) => {
    connection.onicecandidateerror = ({ errorCode }) => found.errors.push(errorCode);
    connection.onicecandidate = ({ candidate }) => (candidate ? found.candidates.push(candidate.candidate) : done());
  });
  connection.createDataChannel("any");
  await connection.setLocalDescription();
  await complete;
  connection.close();
  return found;
}

test("coturn runs with the guide's configuration, and knows its credentials", { timeout: 60_000 }, async (t) => {
  if (world.namespace.isHost) return t.skip("needs a network namespace: coturn would listen on the addresses of this machine");
  const program = world.namespace.spawn(toolPath("coturn"), ["-c", inRoot("docs/deploy/turnserver.conf"), "--log-file", "stdout"]);
  let said = "";
  for (const stream of [program.stdout, program.stderr]) stream.on("data", (data) => (said += data));
  try {
    const username = `${Math.floor(Date.now() / 1000) + 3600}:ada`;
    const credential = createHmac("sha1", "change-this-secret").update(username).digest("base64");
    const server = { urls: "turn:10.9.0.1:3478", username, credential };
    await withPages(world.browsers, [blank(world.server)], async (page) => {
      // It listens some time after its start.
      let right = { candidates: [] };
      for (const end = Date.now() + 30_000; right.candidates.length === 0 && Date.now() < end; await sleep(200)) {
        right = await page.evaluate(gather, server);
      }
      assert.equal(right.candidates.length, 1, `${JSON.stringify(right)}\n${said.slice(-3000)}`);
      assert.match(right.candidates[0], / typ relay /);
      const port = Number(right.candidates[0].split(" ")[5]);
      assert.ok(port >= 49160 && port <= 49200, `${port} is one of the open ports`);
      const wrong = await page.evaluate(gather, { ...server, credential: "another" });
      assert.deepEqual(wrong, { candidates: [], errors: [401] });
      const expired = { ...server, username: "1000000000:ada" };
      expired.credential = createHmac("sha1", "change-this-secret").update(expired.username).digest("base64");
      assert.deepEqual(await page.evaluate(gather, expired), { candidates: [], errors: [401] });
    });
  } finally {
    program.kill("SIGKILL");
  }
});
