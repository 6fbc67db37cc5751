// A place with browsers: one namespace, and one uplink or two.
import { ip } from "./commands.mjs";

export class Site {
  /** The uplinks by name; the first is the one in use. */
  #uplinks;
  #isV6;
  /** The uplink and the address in use. */
  #inUse;

  constructor(namespace, uplinks, isV6) {
    this.namespace = namespace;
    this.#uplinks = uplinks;
    this.#isV6 = isV6;
  }

  get router() {
    return Object.values(this.#uplinks)[0];
  }

  /** Gives the site its kind of NAT, and its first uplink with the first address. */
  setNat(kind) {
    const [first, router] = Object.entries(this.#uplinks)[0];
    for (const each of Object.values(this.#uplinks)) each.setNat(kind);
    // Browsers take note of every change, and need some time for it.
    if (this.#inUse === `${first} ${router.lan.client}`) return;
    for (const name of Object.keys(this.#uplinks)) this.disconnect(name);
    this.connect(first);
  }

  /** Brings an uplink up and sends everything through it. */
  connect(name, { isOther = false } = {}) {
    const router = this.#uplinks[name];
    const { device, v6 } = router.plan;
    const client = isOther ? router.lan.otherClient : router.lan.client;
    router.setClient(client);
    this.#inUse = `${name} ${client}`;
    const lines = [`link set ${device} up`, `address add ${client}/${router.lan.length} dev ${device}`];
    if (this.#isV6) lines.push(`address add ${v6.client}/${v6.length} dev ${device} nodad`);
    lines.push(`route replace default via ${router.lan.router} dev ${device}`);
    ip(this.namespace, ...lines);
    if (this.#isV6) ip(this.namespace, `route replace default via ${v6.router} dev ${device}`);
  }

  /** Takes an uplink's addresses away and its interface down. */
  disconnect(name) {
    const { device } = this.#uplinks[name].plan;
    ip(this.namespace, `address flush dev ${device}`, `link set ${device} down`);
  }

  /** Gives an uplink that is up another address. */
  readdress(name) {
    ip(this.namespace, `address flush dev ${this.#uplinks[name].plan.device}`);
    this.connect(name, { isOther: true });
  }

  /** The networks behind which others see this site. */
  get seenAs() {
    return Object.values(this.#uplinks).flatMap(({ plan }) => [plan.wan, plan.otherWan, plan.open.network]);
  }
}
