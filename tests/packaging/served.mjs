// Runs a command in a project, serves the project, and opens it in two tabs, for the tests of the package.
import assert from "node:assert/strict";
import path from "node:path";
import { commandOf } from "./project.mjs";

const env = {
  ...process.env,
  NO_COLOR: "1",
  PATH: [path.resolve(import.meta.dirname, "node_modules", ".bin"), process.env.PATH].join(path.delimiter),
};

/** Runs a command in the project, inside the namespace, from which nothing outside can be reached. */
export async function runIn(namespace, directory, command, ...args) {
  const { code, stdout, stderr } = await namespace.run(command, args, { cwd: directory, env });
  assert.equal(code, 0, `${command} ${args.join(" ")}:\n${stdout}${stderr}`);
}

/** Serves the project with a command of Vite; returns its address and a function that ends it. Every warning of Vite is a failure. */
export async function serve(namespace, directory, vite, ...args) {
  const port = await namespace.freePort();
  const listen = ["--host", "127.0.0.1", "--port", String(port), "--strictPort"];
  const child = namespace.spawn(process.execPath, [commandOf(vite, "vite"), ...args, ...listen], { cwd: directory, env });
  let said = "";
  await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => {
        said += data;
        if (said.includes("Local:")) resolve();
      });
    }
    child.once("exit", (code) => reject(new Error(`vite ${args.join(" ")} ended with ${code}: ${said}`)));
  });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
    assert.doesNotMatch(said, /warn|error|missing/i);
  };
  return { url: `http://localhost:${port}/`, stop };
}

const settled = (page) =>
  page.waitFor(() => documentation.isDone || documentation.problems.length > 0, null, {
    what: "the end of the program",
    timeoutMs: 30_000,
  });

/** Opens the project in two tabs, one after the other: the program ends in both, and all its claims hold in both. */
export async function expectToMeet(browser, url, claims) {
  assert.ok(claims.length > 0);
  const pages = [];
  try {
    for (const at of [0, 1]) {
      pages.push(await browser.open(url));
      await settled(pages[at]);
    }
    for (const page of pages) {
      assert.deepEqual(await page.evaluate("documentation.problems"), []);
      await page.waitFor((lines) => lines.every((line) => documentation.held.includes(line)), claims, { what: "the other tab's words" });
    }
  } finally {
    for (const page of pages) await page.close();
  }
}

/** Opens the project in one tab; returns what went wrong in it. */
export async function problemsOf(browser, url) {
  const page = await browser.open(url);
  try {
    await settled(page);
    return await page.evaluate("documentation.problems");
  } finally {
    await page.close();
  }
}
