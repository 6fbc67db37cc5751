// Chromium through chromedriver, for what playwright cannot do: a tab behind another one is hidden. Its console is not read.
import { toolPath } from "../../tools/toolchain.mjs";
import { temporaryDirectory } from "./cleanup.mjs";
import { QUIET } from "./chromium.mjs";
import { WebDriverBrowser, startDriver } from "./webdriver_browser.mjs";

/** A Chromium process of its own, inside the namespace. */
export async function launchDrivenChromium(namespace) {
  const { directory, remove } = temporaryDirectory();
  const port = await namespace.freePort();
  const { end, ...started } = await startDriver({
    namespace,
    directory,
    port,
    program: toolPath("chromedriver"),
    args: [`--port=${port}`],
    env: { ...process.env, HOME: directory, TMPDIR: directory },
    capabilities: { "goog:chromeOptions": { binary: toolPath("chromium"), args: ["--headless", "--no-sandbox", ...QUIET] } },
    heard() {},
  });
  return new WebDriverBrowser({
    kind: "chromium",
    ...started,
    log: [],
    end: async () => {
      await started.driver.request("DELETE", `/session/${started.session.sessionId}`, undefined, { timeoutMs: 10_000 }).catch(() => {});
      started.driver.close();
      await end();
      remove();
    },
  });
}
