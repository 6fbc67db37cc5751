// Tries the package from its tarball in the bundlers that people use: README's program is served or built, opens in two tabs, and both
// tabs meet in a room of a real server.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { launchChromium } from "../harness/browsers.mjs";
import { temporaryDirectory } from "../harness/cleanup.mjs";
import { makeNamespace } from "../harness/namespace.mjs";
import { startServer } from "../harness/server.mjs";
import { inRoot } from "../../tools/paths.mjs";
import { guideFile } from "./guide_files.mjs";
import { hideBehind, makeProject, packTarball, pageOf, readmeProgram } from "./project.mjs";
import { expectToMeet, problemsOf, runIn, serve } from "./served.mjs";

let namespace;
let server;
let browser;
let tarball;
let program;

before(async () => {
  namespace = await makeNamespace();
  server = await startServer(namespace);
  browser = await launchChromium(namespace);
  tarball = packTarball(temporaryDirectory().directory);
  program = await readmeProgram(`ws://localhost:${server.port}/signal`);
});
after(async () => {
  await browser?.close();
  await server?.stop("SIGKILL");
  namespace?.remove();
});

/** Makes a project whose page loads main.js, which is README's program. */
const project = ({ installed = {}, page = pageOf('type="module" src="main.js"'), files = {} }) =>
  makeProject({ tarball, installed, files: { "index.html": page, "main.js": program.code, ...files } });

/** Makes a project for one version of Vite; index.html is its entry. */
const viteProject = (vite, files) => project({ installed: { vite }, page: pageOf('type="module" src="/main.js"'), files });

const node = (directory, ...args) => runIn(namespace, directory, process.execPath, ...args);

async function withServed(serving, body) {
  const { url, stop } = await serving;
  try {
    await body(url);
  } finally {
    await stop();
  }
}

const meetsAt = (serving) => withServed(serving, (url) => expectToMeet(browser, url, program.claims));

/** Checks that the build needs nothing else: it contains the module once as a file, and the test serves the build as it is. */
async function meetsAsBuilt(directory) {
  const built = readdirSync(path.join(directory, "dist"), { recursive: true });
  const modules = built.filter((name) => name.endsWith(".wasm"));
  assert.equal(modules.length, 1, `of ${built}`);
  await meetsAt(serve(namespace, directory, "vite8", "preview", "--outDir", "dist"));
}

for (const vite of ["vite7", "vite8"]) {
  describe(vite, () => {
    let directory;
    before(() => (directory = viteProject(vite)));

    test("dev server", () => meetsAt(serve(namespace, directory, vite)));

    test("build", async () => {
      await node(directory, "node_modules/vite/bin/vite.js", "build");
      await meetsAsBuilt(directory);
    });
  });
}

describe("Vite 7, where it cannot find the package from its cache", () => {
  /** Makes the projects; the argument is what their vite.config.js exports. */
  const LAYOUTS = {
    "the cache is outside of the project": (config, files = {}) => {
      const cacheDir = path.join(temporaryDirectory().directory, "vite");
      const merged = `import config from "./given.js";\nexport default { ...config, cacheDir: ${JSON.stringify(cacheDir)} };\n`;
      return viteProject("vite7", { "given.js": config, "vite.config.js": merged, ...files });
    },
    "only a library has the package": (config) => {
      const directory = viteProject("vite7", {
        "vite.config.js": config,
        "main.js": program.code.replace('from "signalpost"', 'from "library"'),
      });
      hideBehind("library", directory);
      return directory;
    },
  };
  const NO_CONFIG = "export default {};\n";

  for (const [what, make] of Object.entries(LAYOUTS)) {
    test(`${what}: the error says that HTML came, and names the remedy`, () =>
      withServed(serve(namespace, make(NO_CONFIG), "vite7"), async (url) => {
        const problems = (await problemsOf(browser, url)).join();
        assert.match(problems, /load-failed/);
        assert.match(problems, /HTML came from http:\S+\/signalpost_bg\.wasm/);
        assert.match(problems, /optimizeDeps\.exclude/);
        assert.match(problems, /initialize\(\)/);
      }));

    test(`${what}: the guide's configuration helps`, () => meetsAt(serve(namespace, make(guideFile("vite.config.js")), "vite7")));
  }

  test("the guide's address helps", () => {
    const files = { "address.js": guideFile("address.js"), "main.js": `import "./address.js";\n${program.code}` };
    return meetsAt(serve(namespace, LAYOUTS["the cache is outside of the project"](NO_CONFIG, files), "vite7"));
  });
});

for (const mode of ["production", "development"]) {
  test(`webpack 5, ${mode}`, async () => {
    // webpack asks the running script for its address, which a module script does not give.
    const page = pageOf('defer src="main.js"');
    const directory = project({ files: { "dist/index.html": page } });
    await node(directory, inRoot("tests", "packaging", "webpack.mjs"), mode);
    await meetsAsBuilt(directory);
  });
}

test("Rollup, with the guide's configuration", async () => {
  const plugins = ["@rollup/plugin-node-resolve", "@web/rollup-plugin-import-meta-assets"];
  const installed = Object.fromEntries(["rollup", ...plugins].map((name) => [name, name]));
  const page = pageOf('type="module" src="main.js"');
  const directory = project({ installed, files: { "rollup.config.js": guideFile("rollup.config.js"), "dist/index.html": page } });
  await node(directory, "node_modules/rollup/dist/bin/rollup", "--config", "--failAfterWarnings");
  await meetsAsBuilt(directory);
});

test("esbuild, with the guide's lines", async () => {
  const directory = project({ files: { "dist/index.html": pageOf('type="module" src="main.js"') } });
  // npx would find this program in the project.
  await runIn(namespace, directory, "sh", "-e", "-c", guideFile("esbuild.sh").replaceAll("npx ", ""));
  await meetsAsBuilt(directory);
});
