// The servers of the public segment: STUN and TURN (coturn), the signaling server, which serves the pages too, and the plain relay of the floor.
import { cpSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inRoot } from "../../tools/paths.mjs";
import { toolPath } from "../../tools/toolchain.mjs";
import { temporaryDirectory } from "../harness/cleanup.mjs";
import { startServer } from "../harness/server.mjs";
import { PUBLIC, PUBLIC_V6, TURN_NAME } from "./addresses.mjs";
import { within } from "./commands.mjs";

const STUN_PORT = 3478;
const TLS_PORT = 5349;
const RELAY_PORT = 9000;
const ACCOUNT = { username: "ada", credential: "lovelace" };

/** Copies the pages into one folder. */
function makePages(directory) {
  cpSync(inRoot("tests", "netlab", "pages"), directory, { recursive: true });
  for (const name of ["floor.js", "relay_socket.js"]) cpSync(inRoot("benches", "connect", "pages", name), path.join(directory, name));
}

/** Makes an authority and a certificate of it for the TURN server's name; returns coturn's arguments and the authority's certificate. */
function makeCertificate(namespace, directory) {
  const file = (name) => path.join(directory, name);
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  within(namespace, "openssl", [...request, "-keyout", file("ca.key"), "-out", file("ca.pem"), "-subj", "/CN=netlab"]);
  const signed = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-subj", `/CN=${TURN_NAME}`];
  const extensions = ["-addext", `subjectAltName=DNS:${TURN_NAME}`, "-addext", "basicConstraints=critical,CA:FALSE"];
  within(namespace, "openssl", [...request, ...signed, ...extensions, "-keyout", file("key.pem"), "-out", file("certificate.pem")]);
  return { args: ["--cert", file("certificate.pem"), "--pkey", file("key.pem")], authority: readFileSync(file("ca.pem"), "utf8") };
}

function startCoturn(namespace, directory, certificate, isV6) {
  const v6 = isV6 ? ["--listening-ip", PUBLIC_V6, "--relay-ip", PUBLIC_V6] : [];
  const child = namespace.spawn(
    toolPath("coturn"),
    [
      ...["-n", "--no-cli", "--no-dtls", "--log-file", "stdout", "--simple-log"],
      ...PUBLIC.flatMap((address) => ["--listening-ip", address]),
      ...["--listening-port", STUN_PORT, "--tls-listening-port", TLS_PORT, "--relay-ip", PUBLIC[0], ...v6, ...certificate.args],
      ...["--lt-cred-mech", "--user", `${ACCOUNT.username}:${ACCOUNT.credential}`, "--realm", "netlab"],
      ...["--userdb", path.join(directory, "turn.db"), "--pidfile", path.join(directory, "turn.pid")],
    ].map(String),
  );
  for (const stream of [child.stdout, child.stderr]) stream.resume();
}

/** Waits until a TCP port of the namespace takes connections. */
async function listening(namespace, port) {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  for (let round = 0; round < 500; round += 1) {
    const listed = within(namespace, "cat", ["/proc/net/tcp"]).split("\n");
    if (listed.some((line) => line.includes(wanted) && line.includes(" 0A "))) return;
    await sleep(20);
  }
  throw new Error(`nothing listens on port ${port}`);
}

/** Starts the servers; returns `{ server, relay, authority, iceServers, close }`. */
export async function startPublicSegment(namespace, { isV6, binary }) {
  const { directory, remove } = temporaryDirectory();
  const www = path.join(directory, "www");
  makePages(www);
  const certificate = makeCertificate(namespace, directory);
  startCoturn(namespace, directory, certificate, isV6);
  namespace.spawn(process.execPath, [inRoot("benches", "connect", "relay.mjs"), String(RELAY_PORT), PUBLIC[0]]);
  // A browser would use a kept connection again after its address has changed, and wait for an answer.
  const env = { SIGNALPOST_KEEP_ALIVE: "0" };
  const server = await startServer(namespace, { binary, host: PUBLIC[0], www, env });
  for (const port of [STUN_PORT, TLS_PORT, RELAY_PORT]) await listening(namespace, port);
  const [first] = PUBLIC;
  const relayed = (...urls) => ({ urls, ...ACCOUNT });
  const v6 = isV6 ? [`stun:[${PUBLIC_V6}]:${STUN_PORT}`] : [];
  const stun = { urls: [...PUBLIC.map((address) => `stun:${address}:${STUN_PORT}`), ...v6] };
  return {
    server,
    /** The certificate of the authority that signed the TURN server's. */
    authority: certificate.authority,
    relay: `ws://${first}:${RELAY_PORT}/`,
    /** The lists of ICE servers, by the word of a cell. */
    iceServers: {
      stun: [stun],
      turn: [stun, relayed(`turn:${first}:${STUN_PORT}?transport=udp`, `turn:${first}:${STUN_PORT}?transport=tcp`)],
      turns: [stun, relayed(`turns:${TURN_NAME}:${TLS_PORT}?transport=tcp`)],
    },
    async close() {
      await server.stop("SIGKILL").catch(() => {});
      remove();
    },
  };
}
