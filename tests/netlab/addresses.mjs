// The addresses of the laboratory. All are of ranges for documentation (RFC 5737, RFC 3849) or private (RFC 1918), and exist only inside
// its namespaces.

/** The two addresses of the STUN and TURN servers; the first is also that of the signaling server, of the pages and of relays. */
export const PUBLIC = ["203.0.113.10", "203.0.113.11"];
/** The name of the TURN server, which its certificate needs. */
export const TURN_NAME = "turn.netlab.test";
export const PUBLIC_V6 = "2001:db8::10";

/**
 * The uplinks: each is a router with its own LAN. `a` and `b` belong to the two sites, `c` is the second uplink of site a. A router's
 * second address outside is the one that it takes when it loses its mappings.
 */
const uplink = (at, site, device) => ({
  site,
  device,
  wan: `203.0.113.${100 + at}`,
  otherWan: `203.0.113.${110 + at}`,
  wanV6: `2001:db8::1:${at}`,
  /** The LAN behind a NAT. */
  hidden: { router: `10.${at}.0.1`, client: `10.${at}.0.2`, otherClient: `10.${at}.0.3`, length: 24, network: `10.${at}.0.0/24` },
  /** The LAN without a NAT, whose addresses are public. */
  open: {
    router: `198.51.100.${64 * at + 1}`,
    client: `198.51.100.${64 * at + 2}`,
    otherClient: `198.51.100.${64 * at + 3}`,
    length: 26,
    network: `198.51.100.${64 * at}/26`,
  },
  v6: { router: `2001:db8:${at}::1`, client: `2001:db8:${at}::2`, length: 64, network: `2001:db8:${at}::/64` },
});

export const UPLINKS = { a: uplink(1, "a", "eth0"), b: uplink(2, "b", "eth0"), c: uplink(3, "a", "eth1") };
