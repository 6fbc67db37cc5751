// Serves the pages and the contenders' scripts: the browser may keep /cached/… for ever, and fetches /fresh/… each time.
import { readFileSync } from "node:fs";
import http from "node:http";
import path from "node:path";

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html; charset=utf-8" };
const CACHING = { cached: "public, max-age=31536000, immutable", fresh: "no-store" };
const PAGE = '<!doctype html><meta charset="utf-8"><title>bench</title><link rel="icon" href="data:,">';

/** Serves the files of `directory` on `port`, and returns the server. */
export async function startSite({ port, directory }) {
  const files = new Map();
  const read = (name) => {
    if (!files.has(name)) files.set(name, readFileSync(path.join(directory, name)));
    return files.get(name);
  };
  const server = http.createServer((request, response) => {
    const [, kind, ...rest] = request.url.split("?")[0].split("/");
    // The name is absolute before the directory is put before it: no ".." leads out of it.
    const name = path.posix.join("/", ...rest).slice(1);
    if (name === "") {
      response.writeHead(200, { "content-type": TYPES[".html"], "cache-control": "no-store" }).end(PAGE);
      return;
    }
    try {
      const body = read(name);
      const headers = { "content-type": TYPES[path.extname(name)], "content-length": body.length, "cache-control": CACHING[kind] };
      response.writeHead(200, headers).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.keepAliveTimeout = 60_000;
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return server;
}
