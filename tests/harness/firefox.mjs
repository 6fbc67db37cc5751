// Firefox through geckodriver (playwright cannot drive a stock Firefox).
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { toolPath } from "../../tools/toolchain.mjs";
import { atEnd, temporaryDirectory } from "./cleanup.mjs";
import { isFace } from "./face.mjs";
import { Page } from "./page.mjs";
import { WebDriver } from "./webdriver.mjs";

const BRIDGE = fileURLToPath(new URL("bridge.mjs", import.meta.url));

/** Nothing but the tests talks to the network, and what pages write to the console is readable on stdout. */
const QUIET = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.newtabpage.enabled": false,
  "browser.region.network.url": "",
  "browser.safebrowsing.update.enabled": false,
  "browser.topsites.contile.enabled": false,
  "browser.topsites.useRemoteSetting": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "devtools.console.stdout.chrome": false,
  "devtools.console.stdout.content": true,
  "dom.push.connection.enabled": false,
  "extensions.getAddons.cache.enabled": false,
  "extensions.systemAddon.update.enabled": false,
  "media.gmp-manager.updateEnabled": false,
  "media.gmp-provider.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,#remote-settings-dummy/v1",
  "toolkit.telemetry.enabled": false,
};

const FAKE_MEDIA = { "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true };

const LEVELS = { error: "error", exception: "error", assert: "error", warn: "warn", info: "info", debug: "debug" };

/** A single text is written quoted. */
function unquoted(text) {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

/** An entry of the console from a line of Firefox's output, or undefined. */
function consoleEntry(line) {
  const call = /^console\.(\w+): (.*)$/.exec(line);
  if (call) return { level: LEVELS[call[1]] ?? "log", text: unquoted(call[2]) };
  const failure = /^JavaScript (error|warning): (.*)$/.exec(line);
  if (failure && !/^(resource|chrome):/.test(failure[2])) return { level: failure[1] === "error" ? "error" : "warn", text: failure[2] };
  return undefined;
}

/** The names of keys in WebDriver (§17.4.2). */
const KEYS = { Tab: "\uE004", Enter: "\uE007", Escape: "\uE00C", Shift: "\uE008", Space: " ", ArrowDown: "\uE015", ArrowUp: "\uE013" };

/** "Shift+Tab" as what a keyboard does: down in this order, up in the other. */
function keyActions(combination) {
  const keys = (combination === "+" ? ["+"] : combination.split("+")).map((key) => KEYS[key] ?? key);
  const actions = (type, values) => values.map((value) => ({ type, value }));
  return [...actions("keyDown", keys), ...actions("keyUp", [...keys].reverse())];
}

class Firefox {
  kind = "firefox";
  console;
  #driver;
  #session;
  #current;
  #first;
  #queue = Promise.resolve();
  #end;

  constructor({ driver, session, firstTab, log, end }) {
    this.#driver = driver;
    this.#session = session;
    this.#current = firstTab;
    this.#first = firstTab;
    this.console = log;
    this.#end = end;
  }

  get version() {
    return this.#session.capabilities.browserVersion;
  }

  async open(url) {
    const handle = this.#first ?? (await this.#inTurn(() => this.#command("POST", "/window/new", { type: "tab" }))).handle;
    this.#first = undefined;
    const inTab = (body) => this.#inTurn(body, handle);
    const page = new Page(this, {
      // Short, since the tabs of one Firefox take turns.
      sliceMs: 300,
      run: (script) => inTab(() => this.#command("POST", "/execute/sync", { script: `return ${script}`, args: [] })),
      navigate: (target) => inTab(() => this.#command("POST", "/url", { url: target })),
      press: (key) => inTab(() => this.#command("POST", "/actions", { actions: [{ type: "key", id: "keyboard", actions: keyActions(key) }] })),
      capture: (file) => inTab(async () => writeFileSync(file, Buffer.from(await this.#command("GET", "/screenshot"), "base64"))),
      dispose: () => this.#closeTab(handle),
    });
    return url === undefined ? page : page.goto(url);
  }

  /** Pages are left first, so that peers see a tab that closes and not a crash; the process itself needs no ceremony (4 s). */
  async close() {
    await this.#inTurn(async () => {
      for (const handle of await this.#command("GET", "/window/handles", undefined, 5000)) {
        await this.#command("POST", "/window", { handle }, 5000);
        await this.#command("POST", "/url", { url: "about:blank" }, 5000);
      }
    }).catch(() => {});
    this.#driver.close();
    await this.#end();
  }

  #command(method, command, body, timeoutMs) {
    return this.#driver.request(method, `/session/${this.#session.sessionId}${command}`, body, { timeoutMs });
  }

  /** The last window of a session ends the session, so it is emptied instead. */
  #closeTab(handle) {
    return this.#inTurn(async () => {
      const handles = await this.#command("GET", "/window/handles");
      if (handles.length === 1) {
        await this.#command("POST", "/url", { url: "about:blank" });
        this.#first = handle;
        return;
      }
      await this.#command("DELETE", "/window");
      this.#current = undefined;
      const [other] = handles.filter((candidate) => candidate !== handle);
      await this.#command("POST", "/window", { handle: other });
      this.#current = other;
    }, handle);
  }

  /** WebDriver has one current window: the commands of all tabs form one queue. */
  #inTurn(body, handle) {
    const turn = this.#queue.then(async () => {
      if (handle !== undefined && handle !== this.#current) {
        await this.#command("POST", "/window", { handle });
        this.#current = handle;
      }
      return body();
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }
}

/** Resolves with the first line of a child's output; rejects when it ends before. */
function firstLine(child, name) {
  return new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code}`)));
  });
}

async function untilReady(driver, child, output) {
  for (let round = 0; round < 200; round += 1) {
    if (child.exitCode !== null) break;
    try {
      if ((await driver.request("GET", "/status", undefined, { timeoutMs: 2000 })).ready) return;
    } catch {
      // not listening yet
    }
    await sleep(50);
  }
  throw new Error(`geckodriver did not become ready: ${output.slice(-5).join(" | ")}`);
}

/** A Firefox process of its own, inside the namespace. */
export async function launchFirefox(namespace, { media = false, prefs = {} } = {}) {
  const { directory, remove } = temporaryDirectory();
  const port = await namespace.freePort();
  const socketOfRemoteAgent = await namespace.freePort();
  const env = { ...process.env, HOME: directory, TMPDIR: directory, MOZ_HEADLESS: "1", MOZ_DISABLE_CONTENT_SANDBOX: "1" };
  const gecko = namespace.spawn(
    toolPath("geckodriver"),
    ["--host", "127.0.0.1", "--port", String(port), "--websocket-port", String(socketOfRemoteAgent), "--binary", toolPath("firefox")],
    { env },
  );
  const log = [];
  const output = [];
  for (const stream of [gecko.stdout, gecko.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      output.push(line);
      const entry = consoleEntry(line);
      if (entry && !isFace(entry.text)) log.push(entry);
    });
  }
  const socket = path.join(directory, "webdriver.sock");
  const bridge = namespace.spawn(process.execPath, [BRIDGE, socket, String(port)]);
  await firstLine(bridge, "the bridge");
  const driver = new WebDriver(socket, port);
  await untilReady(driver, gecko, output);
  const firefoxOptions = { args: ["-headless", "--width=1280", "--height=800"], prefs: { ...QUIET, ...(media && FAKE_MEDIA), ...prefs } };
  const session = await driver.request("POST", "/session", { capabilities: { alwaysMatch: { "moz:firefoxOptions": firefoxOptions } } });
  const pid = session.capabilities["moz:processID"];
  // Outside a namespace nobody else ends the browser itself.
  const kill = atEnd(() => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // ended by itself
    }
  });
  await driver.request("POST", `/session/${session.sessionId}/timeouts`, { script: 120_000, pageLoad: 30_000 });
  const firstTab = await driver.request("GET", `/session/${session.sessionId}/window`);
  const end = async () => {
    kill();
    for (const child of [gecko, bridge]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = new Promise((resolve) => child.once("exit", resolve));
      process.kill(-child.pid, "SIGKILL");
      await gone;
    }
    remove();
  };
  return new Firefox({ driver, session, firstTab, log, end });
}
