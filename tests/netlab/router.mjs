// A router between a LAN and the public segment: a kind of NAT, and the faults that a test makes.
import { ip, nft, sysctl, within } from "./commands.mjs";

/**
 * The kinds, each with its words of nftables (RFC 4787 §4 and §5):
 * none: the LAN's addresses are public. cone: mapping independent of the endpoint, with the port preserved; filtering by address and port.
 * fullcone: the same mapping, no filtering. symmetric: another random port for each destination. udpblocked: cone, for TCP alone.
 */
const KINDS = {
  none: undefined,
  cone: {},
  fullcone: { isOpen: true },
  symmetric: { port: "random,fully-random" },
  udpblocked: { forward: 'iifname "lan" meta l4proto udp drop' },
};

export const NAT_KINDS = Object.keys(KINDS);

function rules({ kind, outside, client }) {
  const { isOpen = false, port = "", forward = "" } = KINDS[kind];
  const before = isOpen ? `iifname "wan" meta l4proto udp dnat to ${client}` : "";
  // What the router itself did not ask for is dropped in `input`: otherwise the first packet of the other peer makes an entry of the
  // router's own, and the client does not get its port.
  return `flush ruleset
    table ip nat {
      chain before { type nat hook prerouting priority dstnat; ${before}; }
      chain after { type nat hook postrouting priority srcnat; oifname "wan" snat to ${outside} ${port}; }
    }
    table inet filter {
      chain input { type filter hook input priority 0; iifname "wan" ct state new drop; }
      chain forward {
        type filter hook forward priority 0; ${forward};
        iifname "wan" ct state established,related accept;
        iifname "wan" ct status dnat accept;
        iifname "wan" drop;
      }
    }`;
}

const FAULT = "table inet fault";

export class Router {
  #outside;
  #client;

  /** `plan` is the router's entry in UPLINKS. */
  constructor(namespace, plan) {
    this.namespace = namespace;
    this.plan = plan;
    this.#outside = plan.wan;
    this.#client = plan.hidden.client;
  }

  /** Gives the router its addresses; its interfaces `wan` and `lan` exist. */
  start(isV6) {
    const { hidden, open, v6 } = this.plan;
    sysctl(this.namespace, "net/ipv4/ip_forward", 1);
    if (isV6) sysctl(this.namespace, "net/ipv6/conf/all/forwarding", 1);
    const lan = [`address add ${hidden.router}/${hidden.length} dev lan`, `address add ${open.router}/${open.length} dev lan`];
    if (isV6) lan.push(`address add ${v6.router}/${v6.length} dev lan nodad`);
    ip(this.namespace, ...lan, "link set lan up");
  }

  get hasNat() {
    return KINDS[this.kind] !== undefined;
  }

  /** The addresses of the LAN that belong to the present kind. */
  get lan() {
    return this.hasNat ? this.plan.hidden : this.plan.open;
  }

  /** Takes a kind of NAT, with no mapping yet and no fault. */
  setNat(kind) {
    if (!NAT_KINDS.includes(kind)) throw new Error(`no kind of NAT is called ${kind}; the kinds are ${NAT_KINDS.join(", ")}`);
    this.kind = kind;
    this.#outside = this.plan.wan;
    this.#client = this.plan.hidden.client;
    this.#apply();
  }

  /** Tells a full cone to which address of the LAN packets go that nobody asked for. */
  setClient(address) {
    if (address === this.#client) return;
    this.#client = address;
    if (this.kind === "fullcone") nft(this.namespace, rules(this.#state()));
  }

  /** Loses all mappings and takes another address outside, as when a provider gives a router a new one. */
  rebind() {
    this.#outside = this.#outside === this.plan.wan ? this.plan.otherWan : this.plan.wan;
    this.#apply();
  }

  /** Drops what goes to or comes from these networks. */
  block(...networks) {
    const lines = networks.flatMap((network) => [`ip daddr ${network} drop`, `ip saddr ${network} drop`]);
    this.#fault(lines.join("\n"));
  }

  /** Drops everything in both directions. */
  silence() {
    this.#fault("drop");
  }

  /** Ends what `block` or `silence` began. */
  restore() {
    nft(this.namespace, `add ${FAULT}; delete ${FAULT}`);
  }

  #fault(line) {
    const chain = `chain forward { type filter hook forward priority -10\n${line}\n}`;
    nft(this.namespace, `add ${FAULT}; delete ${FAULT}; ${FAULT} {\n${chain}\n}`);
  }

  #state() {
    return { kind: this.kind, outside: this.#outside, client: this.#client };
  }

  #apply() {
    nft(this.namespace, this.hasNat ? rules(this.#state()) : "flush ruleset");
    within(this.namespace, "conntrack", ["-F"]);
  }
}
