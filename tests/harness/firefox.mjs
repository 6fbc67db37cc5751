// Drives Firefox through geckodriver (playwright cannot drive a stock Firefox).
import { toolPath } from "../../tools/toolchain.mjs";
import { atEnd, temporaryDirectory } from "./cleanup.mjs";
import { isFace } from "./face.mjs";
import { WebDriverBrowser, startDriver } from "./webdriver_browser.mjs";

/** Only the tests talk to the network, not the browser itself; the console of pages is readable on stdout. */
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

/** Firefox writes a single text with quotes. */
function unquoted(text) {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

/** Returns the console entry in a line of Firefox's output, or undefined. */
function consoleEntry(line) {
  const call = /^console\.(\w+): (.*)$/.exec(line);
  if (call) return { level: LEVELS[call[1]] ?? "log", text: unquoted(call[2]) };
  const failure = /^JavaScript (error|warning): (.*)$/.exec(line);
  if (failure && !/^(resource|chrome):/.test(failure[2])) return { level: failure[1] === "error" ? "error" : "warn", text: failure[2] };
  return undefined;
}

/** Runs a script in the browser's own realm, which may do what no page may. */
async function runInside({ driver, session }, { script, args }) {
  const command = (name, body) => driver.request("POST", `/session/${session.sessionId}/${name}`, body);
  await command("moz/context", { context: "chrome" });
  await command("execute/sync", { script, args });
  await command("moz/context", { context: "content" });
}

/** Starts a Firefox process inside the namespace. `inside`, `{ script, args }`, is run first in the browser's own realm. */
export async function launchFirefox(namespace, { media = false, prefs = {}, inside } = {}) {
  const { directory, remove } = temporaryDirectory();
  const port = await namespace.freePort();
  const socketOfRemoteAgent = await namespace.freePort();
  const log = [];
  const firefoxOptions = { args: ["-headless", "--width=1280", "--height=800"], prefs: { ...QUIET, ...(media && FAKE_MEDIA), ...prefs } };
  const { end, ...started } = await startDriver({
    namespace,
    directory,
    port,
    program: toolPath("geckodriver"),
    args: [
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      "--websocket-port",
      String(socketOfRemoteAgent),
      "--binary",
      toolPath("firefox"),
      ...(inside ? ["--allow-system-access"] : []),
    ],
    env: { ...process.env, HOME: directory, TMPDIR: directory, MOZ_HEADLESS: "1", MOZ_DISABLE_CONTENT_SANDBOX: "1" },
    capabilities: { "moz:firefoxOptions": firefoxOptions },
    heard(line) {
      const entry = consoleEntry(line);
      if (entry && !isFace(entry.text)) log.push(entry);
    },
  });
  // Without a namespace, nothing else ends the browser process.
  const kill = atEnd(() => {
    try {
      process.kill(started.session.capabilities["moz:processID"], "SIGKILL");
    } catch {
      // The process ended by itself.
    }
  });
  if (inside) await runInside(started, inside);
  return new WebDriverBrowser({
    kind: "firefox",
    ...started,
    log,
    end: async () => {
      kill();
      await end();
      remove();
    },
  });
}
