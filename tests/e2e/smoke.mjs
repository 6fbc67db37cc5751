// The harness tests itself: both browsers in one namespace; a plain RTCPeerConnection connects within a page, and from one
// browser process to another.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { launchChromium, launchFirefox } from "../harness/browsers.mjs";
import { temporaryDirectory } from "../harness/cleanup.mjs";
import { makeNamespace } from "../harness/namespace.mjs";

const PAGE = `require("node:http").createServer((request, response) => {
  response.setHeader("content-type", "text/html");
  response.end("<!doctype html><title>smoke</title><p>" + request.url);
}).listen(Number(process.argv[1]), "127.0.0.1", () => console.log("ready"))`;

/** Runs in a page: two connections of one page, a data channel, one message. */
async function connectToItself() {
  const a = new RTCPeerConnection();
  const b = new RTCPeerConnection();
  a.onicecandidate = ({ candidate }) => b.addIceCandidate(candidate ?? undefined);
  b.onicecandidate = ({ candidate }) => a.addIceCandidate(candidate ?? undefined);
  const received = new Promise((resolve) => {
    b.ondatachannel = ({ channel }) => (channel.onmessage = ({ data }) => resolve(data));
  });
  const channel = a.createDataChannel("chat");
  channel.onopen = () => channel.send("over the wire");
  const started = performance.now();
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription);
  const message = await received;
  const answer = { message, state: a.connectionState, ms: Math.round(performance.now() - started) };
  a.close();
  b.close();
  return answer;
}

/** Runs in a page: one side of a connection whose descriptions are carried over whole, by the test. */
async function side({ remote }) {
  window.pc ??= new RTCPeerConnection();
  const pc = window.pc;
  const watch = (channel) => {
    window.channel = channel;
    channel.onopen = () => channel.send(navigator.userAgent);
    channel.onmessage = ({ data }) => (window.received = data);
  };
  if (remote) {
    pc.ondatachannel = ({ channel }) => watch(channel);
    await pc.setRemoteDescription(remote);
    if (remote.type === "answer") return null;
  } else {
    watch(pc.createDataChannel("chat"));
  }
  await pc.setLocalDescription();
  while (pc.iceGatheringState !== "complete") {
    await new Promise((resolve) => pc.addEventListener("icegatheringstatechange", resolve, { once: true }));
  }
  return pc.localDescription.toJSON();
}

/** Runs in a page: why a side may have heard nothing. */
async function statesAndCandidates() {
  const { connectionState, iceConnectionState, signalingState, localDescription, remoteDescription } = pc;
  const lines = [localDescription, remoteDescription].flatMap(({ sdp }) => sdp.match(/^a=candidate.*$/gm) ?? ["no candidate"]);
  const { readyState, bufferedAmount } = window.channel ?? {};
  return [connectionState, iceConnectionState, signalingState, `channel ${readyState} ${bufferedAmount}`, window.received, ...lines].join(
    " | ",
  );
}

let namespace;
let url;
const pictures = temporaryDirectory();

before(async () => {
  namespace = await makeNamespace();
  const port = await namespace.freePort();
  const child = namespace.spawn(process.execPath, ["-e", PAGE, String(port)]);
  await new Promise((resolve) => child.stdout.once("data", resolve));
  url = `http://localhost:${port}/`;
});

after(() => {
  namespace.remove();
  pictures.remove();
});

test("a request from inside reaches the server inside", async () => {
  const { status, body } = await namespace.fetch(url);
  assert.equal(status, 200);
  assert.match(body, /smoke/);
});

for (const launch of [launchChromium, launchFirefox]) {
  describe(launch.name, () => {
    let browser;
    let page;
    before(async () => {
      browser = await launch(namespace);
      page = await browser.open(url);
    });
    after(() => browser?.close());

    test("evaluates functions, sources and promises", async () => {
      assert.deepEqual(await page.evaluate((a) => ({ ...a, title: document.title }), { x: 1 }), { x: 1, title: "smoke" });
      assert.equal(await page.evaluate("Promise.resolve(6 * 7)"), 42);
      await page.evaluate(() => {
        window.kept = "yes";
      });
      assert.equal(await page.evaluate("window.kept"), "yes");
      assert.equal(await page.evaluate("isSecureContext"), true);
    });

    test("tells a page's failure with its name", async () => {
      const refused = page.evaluate(() => new RTCPeerConnection({ iceServers: [{ urls: "nonsense" }] }));
      await assert.rejects(refused, (error) => error.name === "PageError" && error.pageName === "SyntaxError");
    });

    test("waits, across a navigation too, and says what it awaited", async () => {
      await page.evaluate(() => void setTimeout(() => (location.search = "?moved"), 200));
      assert.equal(await page.waitFor(() => location.search === "?moved" && "there"), "there");
      await page.evaluate(() => console.error("a clue"));
      const late = page.waitFor(() => document.querySelector("#never").id, null, { timeoutMs: 700, what: "the impossible" });
      await assert.rejects(late, /waited 700 ms for the impossible; last: TypeError.*a clue/s);
      assert.ok(page.errors.includes("a clue"));
    });

    test("connects a page to itself", async (t) => {
      const { message, state, ms } = await page.evaluate(connectToItself, null, { timeoutMs: 20_000 });
      assert.equal(message, "over the wire");
      assert.equal(state, "connected");
      t.diagnostic(`${browser.kind} ${browser.version}: ${ms} ms`);
    });

    test("keeps two tabs apart", async () => {
      const second = await page.newTab(`${url}second`);
      const read = (tab) => tab.evaluate("document.querySelector('p').textContent");
      assert.deepEqual(await Promise.all([read(page), read(second)]), ["/?moved", "/second"]);
      await second.close();
      assert.equal(await read(page), "/?moved");
    });

    test("takes a picture", async () => {
      const file = path.join(pictures.directory, `${browser.kind}.png`);
      await page.screenshot(file);
      assert.equal(readFileSync(file).subarray(1, 4).toString(), "PNG");
    });
  });
}

for (const pair of [
  [launchChromium, launchChromium],
  [launchFirefox, launchFirefox],
  [launchChromium, launchFirefox],
]) {
  test(`connects two processes: ${pair.map((launch) => launch.name.slice("launch".length)).join(" and ")}`, async () => {
    const browsers = await Promise.all(pair.map((launch) => launch(namespace)));
    try {
      const [a, b] = await Promise.all(browsers.map((browser) => browser.open(url)));
      const offer = await a.evaluate(side, {});
      const answer = await b.evaluate(side, { remote: offer });
      await a.evaluate(side, { remote: answer });
      const heard = await Promise.all([a, b].map((page) => page.waitFor("window.received", null, { what: "the other's words" }))).catch(
        async (error) => {
          const told = await Promise.all([a, b].map((page) => page.evaluate(statesAndCandidates)));
          throw new Error(`${error.message}\n${told.join("\n")}`);
        },
      );
      assert.match(heard[0], new RegExp(browsers[1].kind === "firefox" ? "Firefox" : "Chrome"));
      assert.match(heard[1], new RegExp(browsers[0].kind === "firefox" ? "Firefox" : "Chrome"));
    } finally {
      await Promise.all(browsers.map((browser) => browser.close()));
    }
  });
}
