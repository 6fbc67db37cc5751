// Serves addresses to which a page may navigate, or may not.
const PROGRAM = `require("node:http").createServer((request, response) => {
  if (request.url === "/attachment") response.writeHead(200, { "content-type": "text/plain", "content-disposition": "attachment; filename=a.txt" });
  else if (request.url === "/nothing") response.writeHead(204);
  else response.writeHead(200, { "content-type": "text/plain" });
  const end = () => response.end(request.url === "/nothing" ? undefined : "elsewhere");
  if (request.url === "/slow") setTimeout(end, 1200); else end();
}).listen(process.argv[1], "127.0.0.1", () => console.log("ready"))`;

/** Serves `/attachment`, `/nothing` (204), `/page` and `/slow`, a page that comes after 1.2 s; returns `{ origin, close() }`. */
export async function startElsewhere(namespace) {
  const port = await namespace.freePort();
  const child = namespace.spawn(process.execPath, ["-e", PROGRAM, String(port)]);
  await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("exit", (code) => reject(new Error(`the server of other pages ended with ${code}`)));
  });
  return { origin: `http://127.0.0.1:${port}`, close: () => child.kill() };
}
