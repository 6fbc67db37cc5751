// Real browsers, one small interface:
//   browser = await launchChromium(namespace) | await launchFirefox(namespace)     { media: true } for fake camera and microphone
//   browser.kind, .version, .console, .open(url) → page, .close()
//   browser.kill() ends it with SIGKILL.
//   page.goto(url), .evaluate(fnOrSource, arg), .waitFor(fnOrSource, arg, { timeoutMs, what }), .screenshot(path),
//   page.press(key), .type(text), .newTab(url), .close(), .console, .errors; of Chromium also .resize(width, height), .emulate(media)
export { launchDrivenChromium } from "./chromedriver.mjs";
export { launchChromium } from "./chromium.mjs";
export { launchFirefox } from "./firefox.mjs";
