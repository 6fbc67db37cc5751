// Checks every code block of README.md and docs/guides. The programs are compiled strictly against the published types, and run in
// two browsers against a real server. What they claim about a value (`// → value`) must hold. The commands in shell lines must exist.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { dist, inRoot, nodeModule } from "../../tools/paths.mjs";
import { inject } from "../e2e/support/pages.mjs";
import { launchChromium, launchFirefox } from "../harness/browsers.mjs";
import { makeNamespace } from "../harness/namespace.mjs";
import { startServer } from "../harness/server.mjs";
import { FILES } from "../packaging/guide_files.mjs";
import { blocksOf, documents, where } from "./blocks.mjs";
import { CODE, HARNESS, NODE_CODE, isProgram, runnable, sourceOf } from "./program.mjs";
import { checkShellLine } from "./shell_lines.mjs";

const guides = documents.map((document) => ({ document, blocks: blocksOf(document) }));
const programs = guides.filter(({ blocks }) => blocks.some(isProgram));

test("nothing is left out: each block is code, a page or a shell's lines", () => {
  const known = new Set([...CODE, NODE_CODE, "html", "sh"]);
  const blocks = guides.flatMap(({ blocks }) => blocks);
  assert.ok(blocks.length > 20, `only ${blocks.length} blocks`);
  assert.deepEqual(
    blocks.filter(({ language }) => !known.has(language)).map((block) => `${where(block)} ${block.language}`),
    [],
  );
});

test("what is a file of its own is run by the stage packaging", () => {
  const named = guides.flatMap(({ blocks }) => blocks).filter(({ file }) => file !== undefined);
  assert.deepEqual(
    named.map(({ document, file }) => `${document} ${file}`).sort(),
    FILES.map(([document, file]) => `${document} ${file}`).sort(),
  );
});

test("shell lines exist", () => {
  for (const block of guides.flatMap(({ blocks }) => blocks)) {
    if (block.language !== "sh" || block.file !== undefined) continue;
    // redis.test.mjs runs them.
    if (block.document === "docs/guides/redis.md") continue;
    for (const [at, line] of block.lines.entries()) {
      try {
        checkShellLine(line);
      } catch (error) {
        throw new Error(`${block.document}:${block.line + at}: ${error.message}`);
      }
    }
  }
});

test("links lead to files, and to headings in them", () => {
  const anchor = (heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
  const broken = [];
  for (const { document } of guides) {
    const text = readFileSync(inRoot(document), "utf8");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file, fragment] = target.split("#");
      const there = file === "" ? inRoot(document) : path.resolve(path.dirname(inRoot(document)), file);
      try {
        const headings =
          fragment === undefined ? [] : [...readFileSync(there, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading));
        if (fragment !== undefined && !headings.includes(fragment)) broken.push(`${document}: ${target}`);
        if (fragment === undefined) readFileSync(there);
      } catch (error) {
        if (error.code !== "EISDIR") broken.push(`${document}: ${target}`);
      }
    }
  }
  assert.deepEqual(broken, []);
});

test("the programs compile, strictly, against the published types", async () => {
  const directory = inRoot("target", "documentation");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const files = programs.map(({ document, blocks }) => {
    const name = `${document.replace(/\W+/g, "_")}.ts`;
    writeFileSync(path.join(directory, name), sourceOf(blocks));
    return name;
  });
  const compilerOptions = {
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    target: "ES2022",
    module: "ESNext",
    moduleResolution: "bundler",
    lib: ["ES2022", "DOM", "DOM.Iterable"],
    types: [],
    // The compiler checks the published types themselves too.
    skipLibCheck: false,
    paths: { signalpost: [path.relative(directory, path.join(dist, "index.d.ts"))] },
  };
  writeFileSync(path.join(directory, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  try {
    await promisify(execFile)(process.execPath, [nodeModule("typescript", "bin", "tsc"), "-p", directory]);
  } catch (error) {
    assert.fail(`the lines are those of the document, plus one:\n${error.stdout}${error.stderr}`);
  }
});

describe("the programs run, in Chromium and in Firefox at once", () => {
  let namespace;
  let server;
  let browsers = [];
  before(async () => {
    namespace = await makeNamespace();
    server = await startServer(namespace);
    browsers = await Promise.all([launchChromium, launchFirefox].map((launch) => launch(namespace, { media: true })));
  });
  after(async () => {
    await Promise.allSettled(browsers.map((browser) => browser.close()));
    await server?.stop("SIGKILL");
    namespace?.remove();
  });

  for (const { document, blocks } of programs) {
    test(document, async () => {
      const { code, claims } = await runnable(sourceOf(blocks));
      assert.ok(claims.length > 0, "it claims nothing that could be checked");
      const pages = [];
      try {
        for (const browser of browsers) pages.push(await browser.open(`${server.origin}/livez`));
        const html = blocks
          .filter(({ language }) => language === "html")
          .flatMap(({ lines }) => lines)
          .join("\n");
        for (const page of pages) {
          await page.evaluate((html) => {
            document.documentElement.innerHTML = `<body>${html}</body>`;
          }, html);
          await inject(page, HARNESS);
        }
        for (const page of pages)
          await inject(
            page,
            `const script = document.createElement("script"); script.type = "module"; script.textContent = ${JSON.stringify(code)}; document.body.append(script);`,
          );
        const problems = async () => (await Promise.all(pages.map((page) => page.evaluate("documentation.problems")))).flat();
        /** Returns the lines whose claims held in a page, and lets all pages go on after the claims that held in all of them. */
        const held = async () => {
          const lists = await Promise.all(pages.map((page) => page.evaluate("documentation.held")));
          const common = lists[0].filter((line) => lists.every((list) => list.includes(line)));
          await Promise.all(
            pages.map((page) =>
              page.evaluate((lines) => {
                for (const line of lines) documentation.released.add(line);
              }, common),
            ),
          );
          return new Set(lists.flat());
        };
        const end = Date.now() + 60_000;
        for (;;) {
          assert.deepEqual(await problems(), []);
          const missing = claims.filter(
            (
              (seen) => (line) =>
                !seen.has(line)
            )(await held()),
          );
          const done = await Promise.all(pages.map((page) => page.evaluate("documentation.isDone")));
          if (missing.length === 0 && done.every(Boolean)) break;
          if (Date.now() > end) {
            const consoles = browsers.map((browser) =>
              browser.console
                .slice(-5)
                .map(({ text }) => text)
                .join(" | "),
            );
            assert.fail(`ended in ${done.join()}; these lines were never seen to hold: ${missing.join()}; ${consoles.join(" || ")}`);
          }
          await new Promise((done) => setTimeout(done, 20));
        }
        // One side ends, then the other: the program handles every error that follows from that.
        for (const page of pages) {
          await page.evaluate("documentation.end()");
          await new Promise((done) => setTimeout(done, 300));
          assert.deepEqual(await problems(), [], "after a client was closed");
        }
      } finally {
        for (const page of pages) await page.close();
      }
    });
  }
});
