// usage: node tests/transcripts/record.mjs DIRECTORY
// Records the frames between the built client and server, in real browsers: one file for each conversation.
// SIGNALPOST_SERVER and SIGNALPOST_PACKAGE replace those that were built last. See tests/vectors/transcripts/README.md.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { INSTANT, loadModule } from "../e2e/support/pages.mjs";
import { makeWorld, withPages } from "../e2e/support/world.mjs";
import { CONVERSATIONS } from "./conversations.mjs";
import { normalised } from "./normalise.mjs";

const TEE = fileURLToPath(new URL("tee.mjs", import.meta.url));

/** Starts the tee between pages and server; returns `{ origin, frames, passed(by, type, count), cut(peer, how), close() }`. */
async function startTee({ namespace, server }) {
  const port = await namespace.freePort();
  const child = namespace.spawn(process.execPath, [TEE, String(port), String(server.port)], { stdio: ["pipe", "pipe", "inherit"] });
  const frames = [];
  const waiting = new Set();
  let listens;
  const ready = new Promise((done) => (listens = done));
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line === "ready") return listens();
    frames.push(JSON.parse(line));
    for (const look of waiting) look();
  });
  await ready;
  const ended = new Promise((done) => child.once("exit", done));
  const typeOf = ({ text }) => (text?.startsWith("{") ? text : undefined) && safely(text)?.type;
  const socketOf = (peer) => frames.findLast((frame) => typeOf(frame) === "hello" && safely(frame.text).payload?.peer?.id === peer)?.socket;
  return {
    origin: `http://localhost:${port}`,
    frames,
    /** Resolves once `count` frames of this kind have passed. */
    passed: (by, type, count = 1) =>
      new Promise((done, fail) => {
        const late = setTimeout(() => fail(new Error(`no ${count} × ${type} by the ${by}`)), 20_000);
        const look = () => {
          if (frames.filter((frame) => frame.by === by && typeOf(frame) === type).length < count) return;
          waiting.delete(look);
          clearTimeout(late);
          done();
        };
        waiting.add(look);
        look();
      }),
    cut: (peer, how = "cut") => child.stdin.write(`${how} ${socketOf(peer)}\n`),
    close() {
      child.stdin.end();
      child.kill();
      return ended;
    },
  };
}

const safely = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const [directory] = process.argv.slice(2);
if (!directory) throw new Error("where to?");
mkdirSync(directory, { recursive: true });
const world = await makeWorld(["chromium", "firefox"], { serverArgs: ["--region", "eu-west"] });
try {
  const versions = world.browsers.map(({ kind, version }) => `${kind} ${version}`);
  for (const [name, { kinds, about, run }] of Object.entries(CONVERSATIONS)) {
    const tee = await startTee(world);
    await withPages(world.pick(...kinds), [`${tee.origin}/livez`], async (...pages) => {
      for (const page of pages) {
        await loadModule(page);
        await page.evaluate(`() => { window.instant = ${INSTANT}; }`);
      }
      await run({ pages, tee, server: world.server });
    });
    // The last frames are still on their way.
    await sleep(200);
    await tee.close();
    const transcript = normalised({
      about,
      browsers: versions.filter((version) => kinds.some((kind) => version.startsWith(kind))),
      frames: tee.frames,
    });
    writeFileSync(path.join(directory, `${name}.json`), transcript);
    console.log(`${name}: ${tee.frames.length} frames`);
  }
} finally {
  await world.close();
}
