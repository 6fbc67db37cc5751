// Drives Chromium through chromedriver, in which a tab behind another one is hidden (playwright cannot hide one). Its console is not read.
import { toolPath } from "../../tools/toolchain.mjs";
import { temporaryDirectory } from "./cleanup.mjs";
import { QUIET } from "./chromium.mjs";
import { WebDriverBrowser, startDriver } from "./webdriver_browser.mjs";

/** Starts a Chromium process inside the namespace. */
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
