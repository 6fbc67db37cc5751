// A slow link. The kernel's own (netem) is not on every machine: here each end is a VXLAN interface (RFC 7348), which puts every frame into
// a UDP packet for a program of ours (slow_link.mjs), which passes the packet on when its time has come.
import { fileURLToPath } from "node:url";
import { ip, within } from "./commands.mjs";

const PROGRAM = fileURLToPath(new URL("slow_link.mjs", import.meta.url));
/** The ends of the way between the interfaces' packets and the program: a VXLAN interface sends nothing to an address of its own namespace. */
const WIRE = "192.0.2.1";
const CARRIER = "192.0.2.2";
/** The entry of a forwarding table for every address. */
const ANYWHERE = "00:00:00:00:00:00";
let lastPort = 30_000;

/** Connects the namespace whose addresses the interfaces use with that of the programs. */
export function prepareLinks(wire, carrier) {
  ip(wire, `link add name outer mtu 9000 type veth peer name inner mtu 9000 netns ${carrier.name}`);
  ip(wire, `address add ${WIRE}/30 dev outer`, "link set outer up");
  ip(carrier, `address add ${CARRIER}/30 dev inner`, "link set inner up");
}

/** Makes the two interfaces `ends`, `[{ namespace, device }, …]`, and the program between them; returns a function that ends the program. */
export async function connectWithLink(wire, carrier, ends, settings) {
  const ports = ends.map(() => {
    lastPort += 2;
    return { inside: lastPort, program: lastPort + 1 };
  });
  for (const [at, { namespace, device }] of ends.entries()) {
    const { inside, program } = ports[at];
    ip(
      wire,
      `link add ${device} type vxlan id 1 dstport ${inside} nolearning noudpcsum`,
      `link set ${device} mtu 1500 netns ${namespace.name}`,
    );
    // No checksum is made on the way: the sender has to make it.
    within(namespace, "ethtool", ["-K", device, "tx", "off"]);
    within(namespace, "bridge", ["fdb", "append", ANYWHERE, "dev", device, "dst", CARRIER, "port", String(program)]);
  }
  const child = carrier.spawn(process.execPath, [PROGRAM, WIRE, JSON.stringify(ports), JSON.stringify(settings)]);
  child.stderr.pipe(process.stderr);
  await new Promise((resolve, reject) => {
    child.stdout.once("data", resolve);
    child.once("exit", (code) => reject(new Error(`the slow link ended with ${code}`)));
  });
  return () => child.kill("SIGKILL");
}
