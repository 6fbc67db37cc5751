// The laboratory: real NATs between real browsers, in namespaces of its own.
//
//   site a: browsers ── router a ──┐
//                    └─ router c ──┤  public segment: STUN, TURN, signaling server, pages
//   site b: browsers ── router b ──┘
//
// Nothing here reaches the machine's own network, and nothing outside reaches it: no namespace has a way out.
import { makeEmptyNamespace } from "../harness/namespace.mjs";
import { PUBLIC, PUBLIC_V6, UPLINKS } from "./addresses.mjs";
import { ip } from "./commands.mjs";
import { guard } from "./guard.mjs";
import { connectWithLink, prepareLinks } from "./link.mjs";
import { startPublicSegment } from "./public_segment.mjs";
import { Router } from "./router.mjs";
import { Site } from "./site.mjs";

/** The interface of the public segment that leads to a router. */
const portOf = (name) => `to-${name}`;

class Laboratory {
  #namespaces;
  #dismiss;
  #routers;
  #public;
  #isV6;
  /** For each slow link, a function that ends its program. */
  #links = new Map();

  constructor({ namespaces, dismiss, routers, sites, public: servers, isV6 }) {
    this.#namespaces = namespaces;
    this.#dismiss = dismiss;
    this.#routers = routers;
    this.#public = servers;
    this.#isV6 = isV6;
    this.sites = sites;
  }

  /** The servers: { server, relay, iceServers }. */
  get servers() {
    return this.#public;
  }

  /** Gives both sites their kinds of NAT, ends all faults, and makes all links fast. */
  setNats(a, b) {
    this.sites.a.setNat(a);
    this.sites.b.setNat(b);
  }

  /**
   * Makes the way between a router and the public segment slow: { delayMs, jitterMs, lossPercent, kilobitsPerSecond, queueKilobytes }, the
   * same in both directions; or without settings fast again. Addresses stay, connections survive.
   */
  async setLink(name, settings) {
    const { public: segment, wire, carrier, routers } = this.#namespaces;
    const ends = [
      { namespace: segment, device: portOf(name) },
      { namespace: routers[name], device: "wan" },
    ];
    // Of a cable, one end takes the other with it.
    ip(segment, `link delete ${portOf(name)}`);
    const endProgram = this.#links.get(name);
    if (endProgram) {
      ip(routers[name], "link delete wan");
      endProgram();
      this.#links.delete(name);
    }
    if (settings) this.#links.set(name, await connectWithLink(wire, carrier, ends, settings));
    else ip(segment, `link add ${portOf(name)} type veth peer name wan netns ${routers[name].name}`);
    this.#plug(name);
  }

  /** Blocks the way between the sites, or opens it again; both still reach the public segment. */
  blockDirect(isBlocked) {
    const { a, b, c } = this.#routers;
    for (const router of [a, c]) isBlocked ? router.block(...this.sites.b.seenAs) : router.restore();
    isBlocked ? b.block(...this.sites.a.seenAs) : b.restore();
  }

  async close() {
    await this.#public?.close();
    for (const namespace of all(this.#namespaces)) namespace.remove();
    this.#dismiss();
  }

  /** Gives the two ends of a router's way out their addresses and routes. */
  #plug(name) {
    plug(this.#namespaces, name, this.#isV6);
  }
}

const all = ({ routers, sites, ...others }) => [...Object.values(others), ...Object.values(routers), ...Object.values(sites)];

function plug({ public: segment, routers }, name, isV6) {
  const { wan, otherWan, wanV6, open, v6 } = UPLINKS[name];
  ip(segment, `link set ${portOf(name)} master bridge up`, `route replace ${open.network} via ${wan}`);
  const lines = [`address add ${wan}/24 dev wan`, `address add ${otherWan}/24 dev wan`, "link set wan up"];
  if (isV6) lines.push(`address add ${wanV6}/64 dev wan nodad`);
  for (const [other, plan] of Object.entries(UPLINKS)) if (other !== name) lines.push(`route replace ${plan.open.network} via ${plan.wan}`);
  ip(routers[name], ...lines);
  if (!isV6) return;
  ip(segment, `route replace ${v6.network} via ${wanV6}`);
  const others = Object.entries(UPLINKS).filter(([other]) => other !== name);
  ip(routers[name], ...others.map(([, plan]) => `route replace ${plan.v6.network} via ${plan.wanV6}`));
}

/** Builds the networks; returns the namespaces. */
function makeNetworks(isV6) {
  const make = () => makeEmptyNamespace({ ipv6: isV6 });
  const of = (names) => Object.fromEntries(names.map((name) => [name, make()]));
  const namespaces = { public: make(), wire: make(), carrier: make(), routers: of(Object.keys(UPLINKS)), sites: of(["a", "b"]) };
  const { public: segment, routers, sites } = namespaces;
  prepareLinks(namespaces.wire, namespaces.carrier);
  ip(
    segment,
    "link add bridge type bridge",
    "link set bridge up",
    PUBLIC.map((address) => `address add ${address}/24 dev bridge`),
  );
  if (isV6) ip(segment, `address add ${PUBLIC_V6}/64 dev bridge nodad`);
  for (const [name, { device, site }] of Object.entries(UPLINKS)) {
    ip(segment, `link add ${portOf(name)} type veth peer name wan netns ${routers[name].name}`);
    ip(sites[site], `link add ${device} type veth peer name lan netns ${routers[name].name}`);
    plug(namespaces, name, isV6);
  }
  return namespaces;
}

/** Builds a laboratory: both sites without NAT, all links fast. `binary` is the server's, if not the usual one. */
export async function buildLaboratory({ isV6 = false, binary } = {}) {
  const namespaces = makeNetworks(isV6);
  const dismiss = guard(all(namespaces));
  const routers = Object.fromEntries(Object.entries(namespaces.routers).map(([name, it]) => [name, new Router(it, UPLINKS[name])]));
  for (const router of Object.values(routers)) router.start(isV6);
  const { a, b, c } = routers;
  const sites = { a: new Site(namespaces.sites.a, { a, c }, isV6), b: new Site(namespaces.sites.b, { b }, isV6) };
  const parts = { namespaces, dismiss, routers, sites, isV6 };
  try {
    const servers = await startPublicSegment(namespaces.public, { isV6, binary });
    const laboratory = new Laboratory({ ...parts, public: servers });
    laboratory.setNats("none", "none");
    return laboratory;
  } catch (error) {
    await new Laboratory(parts).close();
    throw error;
  }
}
