// The client in plain JavaScript of examples/plain-client, in a page. Its modules come from here, because no server serves them.
import { readFileSync } from "node:fs";
import { inRoot } from "../../../tools/paths.mjs";

const source = (name) => readFileSync(inRoot(`examples/plain-client/${name}`), "utf8");

/** Loads the client as a page does, by a script: `window.PlainClient`. */
export const loadPlain = (page) =>
  page.evaluate(
    async ({ client, connection }) => {
      if (window.PlainClient) return;
      const address = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
      const script = document.createElement("script");
      script.type = "module";
      const module = address(client.replace("./connection.js", address(connection)));
      script.textContent = `import { PlainClient } from "${module}"; window.PlainClient = PlainClient; window.dispatchEvent(new Event("loaded-plain"));`;
      const loaded = new Promise((done) => addEventListener("loaded-plain", done, { once: true }));
      document.documentElement.append(script);
      await loaded;
    },
    { client: source("client.js"), connection: source("connection.js") },
  );

/** Creates `window.plain` and waits until it is registered; `window.told` holds its events, `window.problems` its errors. */
export const startPlain = async (page, id) => {
  await loadPlain(page);
  await page.evaluate(async (id) => {
    const plain = new PlainClient(`${location.origin.replace("http", "ws")}/signal`, id);
    window.plain = plain;
    window.told = [];
    window.problems = [];
    for (const type of ["open", "down", "ended", "peer-joined", "peer-left"]) plain.addEventListener(type, () => told.push(type));
    plain.addEventListener("error", ({ detail }) => problems.push(detail.code));
    addEventListener("unhandledrejection", ({ reason }) => problems.push(String(reason)));
    addEventListener("error", ({ message }) => problems.push(message));
    await new Promise((done) => plain.addEventListener("open", done, { once: true }));
  }, id);
};
