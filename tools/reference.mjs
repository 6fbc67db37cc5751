// `npm run reference`: writes docs/reference from the published types, dist/*.d.ts, and their comments. tests/documentation/
// reference.test.mjs fails when the pages differ from what this writes.
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { ToolError, main } from "./command.mjs";
import { dist, inRoot } from "./paths.mjs";

export const directory = inRoot("docs", "reference");

/** The pages: their title, what they are about, and the modules whose exports they tell of, in this order. */
const PAGES = [
  [
    "client.md",
    "The client",
    "Connects to the server, finds peers and enters rooms.",
    ["client", "client_events", "network", "call_options", "load", "events"],
  ],
  ["remote-peer.md", "Remote peers", "The connections to other peers.", ["remote_peer", "remote_peer_events", "peer_stats"]],
  [
    "rooms.md",
    "Rooms and lists",
    "The members of a room, and the results of `findPeers()`.",
    ["room", "room_events", "peer_info", "reasons"],
  ],
  ["signals.md", "Signals", "Signaling for your own connections.", ["signals", "signals_events"]],
  [
    "options.md",
    "Options",
    "The options of `new SignalingClient(url, options)`.",
    ["options", "ice_servers", "identity", "transport", "debug"],
  ],
  ["errors.md", "Errors", "The errors with which every call can reject.", ["errors"]],
];

/** The names that the package exports, by module. */
function exportedNames() {
  const names = new Map();
  const index = readFileSync(path.join(dist, "index.d.ts"), "utf8");
  for (const [, list, module] of index.matchAll(/^export (?:type )?\{([^}]*)\} from "\.\/(\w+)\.js";$/gm)) {
    const found = list.split(",").map((name) => name.replace(/^\s*type /, "").trim());
    names.set(module, [...(names.get(module) ?? []), ...found.filter(Boolean)]);
  }
  return names;
}

/** Splits lines of declarations at one depth into `{ comment, code }`, each a list of lines without their indentation. */
function declarations(lines) {
  const found = [];
  let comment = [];
  for (let at = 0; at < lines.length; at++) {
    if (lines[at].startsWith("/**")) {
      const start = at;
      while (!lines[at].endsWith("*/")) at++;
      comment = lines.slice(start, at + 1);
      continue;
    }
    const start = at;
    // A declaration goes on as long as its lines are indented or close what was opened.
    while (at + 1 < lines.length && /^(\s|[)}\]])/.test(lines[at + 1])) at++;
    found.push({ comment, code: lines.slice(start, at + 1) });
    comment = [];
  }
  return found;
}

const unindented = (lines) => lines.map((line) => line.replace(/^ {4}/, ""));

/** The text of a TSDoc comment, as Markdown. */
function prose(comment) {
  const text = comment
    .join("\n")
    .replace(/^\/\*\*\s?/, "")
    .replace(/\s*\*\/$/, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim();
  return text
    .replace(/@param (\w+) /g, "\n- `$1`: ")
    .replace(/@throws \{(\w+)\} /g, "\nThrows or rejects with `$1`: ")
    .replace(/\n{3,}/g, "\n\n");
}

const fenced = (lines) => `\`\`\`ts\n${lines.join("\n")}\n\`\`\``;

/** What a member is called. */
function memberName(line) {
  const name = /^(?:readonly |get |set )*(\[Symbol\.\w+\]|"[^"]+"|[\w$]+)/.exec(line)?.[1];
  if (name === undefined) throw new ToolError(`docs/reference: what is the name of: ${line}`);
  return name.replaceAll('"', "");
}

/** A class or an interface: each member with its comment. */
function members(code) {
  const inner = declarations(unindented(code.slice(1, -1))).filter(({ code: [line] }) => !line.startsWith("#private"));
  const parts = inner.map(({ comment, code }) => `### \`${memberName(code[0])}\`\n\n${fenced(code)}\n\n${prose(comment)}`.trimEnd());
  return parts.join("\n\n");
}

function section(name, { comment, code }) {
  const isOpen = /^export (?:declare )?(?:abstract )?(class|interface) /.test(code[0]);
  const head = code[0].replace(/^export (declare )?/, "");
  const shown = isOpen
    ? [`${head.replace(/ \{$/, "")} { … }`.replace(" { … }", code.length > 1 ? " { … }" : "")]
    : code.map((line) => line.replace(/^export (declare )?/, ""));
  const body = isOpen && code.length > 1 ? `\n\n${members(code)}` : "";
  return `## \`${name}\`\n\n${fenced(shown)}\n\n${prose(comment)}${body}`.trimEnd();
}

/** Every code with what helps, and whether a retry can help, from the lists of the facade and of the protocol. */
function codes() {
  const remedies = [...readFileSync(path.join(dist, "errors.d.ts"), "utf8").matchAll(/^ {4}readonly "?([a-z-]+)"?: "(.*)";$/gm)];
  const source = readFileSync(inRoot("crates", "protocol", "src", "error_code.rs"), "utf8");
  const retryable = new Map([...source.matchAll(/^ {4}\w+ = "([a-z-]+)", (true|false);$/gm)].map(([, code, value]) => [code, value]));
  const rows = remedies.map(([, code, remedy]) => `| \`${code}\` | ${retryable.get(code) === "true" ? "yes" : "no"} | ${remedy} |`);
  return `## The codes\n\n[The guide](../guides/errors.md) tells of each what happened and on whose side.\n\n| code | \`retryable\` | \`remedy\` |\n|---|---|---|\n${rows.join("\n")}`;
}

/** The pages as they should be: their text by file name. */
export function reference() {
  const names = exportedNames();
  const pages = new Map();
  const index = [];
  for (const [file, title, about, modules] of PAGES) {
    const sections = [];
    for (const module of modules) {
      const lines = readFileSync(path.join(dist, `${module}.d.ts`), "utf8")
        .trimEnd()
        .split("\n");
      const all = declarations(lines.filter((line) => !/^(import|export \{)/.test(line)));
      for (const name of names.get(module) ?? []) {
        const pattern = new RegExp(`^export (?:declare )?(?:abstract )?(?:class|interface|type|function|const) ${name}\\b`);
        const found = all.find(({ code }) => pattern.test(code[0]));
        if (!found) throw new ToolError(`${module}.d.ts does not declare ${name}`);
        sections.push(section(name, found));
        index.push(`| [\`${name}\`](${file}#${name.toLowerCase()}) | ${prose(found.comment).split("\n\n")[0].replaceAll("\n", " ")} |`);
      }
      names.delete(module);
    }
    if (file === "errors.md") sections.push(codes());
    pages.set(file, `# ${title}\n\n${about} Written by \`npm run reference\` from the published types.\n\n${sections.join("\n\n")}\n`);
  }
  if (names.size > 0) throw new ToolError(`docs/reference has no page for ${[...names.keys()].join(", ")}`);
  const table = `| export | what it is |\n|---|---|\n${index.join("\n")}`;
  pages.set(
    "README.md",
    `# API reference\n\nEverything that the package \`signalpost\` exports. [The guides](../guides/start.md) show how to use it. Written by \`npm run reference\` from the published types.\n\n${table}\n`,
  );
  return pages;
}

/** The pages as they are on disk. */
export const written = () => new Map(readdirSync(directory).map((file) => [file, readFileSync(path.join(directory, file), "utf8")]));

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    for (const [file, text] of reference()) writeFileSync(path.join(directory, file), text);
  });
}
