// Drives Chromium through playwright-core. A wrapper script enters the namespace; the debugging pipe survives its exec.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { toolPath } from "../../tools/toolchain.mjs";
import { temporaryDirectory } from "./cleanup.mjs";
import { isFace } from "./face.mjs";
import { Page } from "./page.mjs";
import { descendants, killAll } from "./processes.mjs";

/** Only the tests talk to the network, not the browser itself. */
export const QUIET = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** With these, Chromium counts the permission as granted and stops hiding addresses behind mDNS names: only tests of media use them. */
const FAKE_MEDIA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

const LEVELS = { error: "error", warning: "warn", info: "info", debug: "debug" };

class Chromium {
  kind = "chromium";
  console = [];
  #context;
  #removeFiles;
  #first;
  #kill;

  constructor(context, removeFiles, kill) {
    this.#context = context;
    this.#kill = kill;
    this.#removeFiles = removeFiles;
    this.#first = context.pages()[0];
    context.on("console", (message) => {
      if (isFace(message.text())) return;
      this.console.push({ level: LEVELS[message.type()] ?? "log", text: message.text() });
    });
    context.on("weberror", (event) => {
      const error = event.error();
      this.console.push({ level: "error", text: error?.stack ?? String(error) });
    });
  }

  get version() {
    return this.#context.browser()?.version() ?? "";
  }

  async open(url) {
    const tab = this.#first ?? (await this.#context.newPage());
    this.#first = undefined;
    const page = new Page(this, {
      sliceMs: 2000,
      run: (script) => tab.evaluate(script),
      navigate: (target) => tab.goto(target),
      press: (key) => tab.keyboard.press(key),
      resize: (width, height) => tab.setViewportSize({ width, height }),
      emulate: (media) => tab.emulateMedia(media),
      capture: (file) => tab.screenshot({ path: file }),
      dispose: () => tab.close(),
    });
    return url === undefined ? page : page.goto(url);
  }

  /** Kills the browser with its pages, which can send nothing any more. */
  async kill() {
    const gone = new Promise((resolve) => this.#context.once("close", resolve));
    this.#kill();
    await gone;
  }

  async close() {
    await this.#context.close();
    this.#removeFiles();
  }
}

/** Starts a Chromium process inside the namespace. */
export async function launchChromium(namespace, { media = false, args = [] } = {}) {
  const { directory, remove } = temporaryDirectory();
  const written = path.join(directory, "process");
  const wrapper = path.join(directory, "chromium");
  const quoted = [...namespace.prefix, toolPath("chromium")].map((word) => `'${word}'`).join(" ");
  writeFileSync(wrapper, `#!/bin/sh\necho $$ > '${written}'\nexec ${quoted} "$@"\n`, { mode: 0o755 });
  const temporary = path.join(directory, "tmp");
  mkdirSync(temporary);
  const context = await chromium.launchPersistentContext(path.join(directory, "profile"), {
    executablePath: wrapper,
    headless: true,
    chromiumSandbox: false,
    args: [...QUIET, ...(media ? FAKE_MEDIA : []), ...args],
    env: { ...process.env, HOME: directory, TMPDIR: temporary },
    // The harness handles signals itself (cleanup.mjs).
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
  return new Chromium(context, remove, () => {
    const pid = Number(readFileSync(written, "utf8"));
    killAll([pid, ...descendants(pid)]);
  });
}
