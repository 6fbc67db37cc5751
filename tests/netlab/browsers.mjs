// The browsers of the laboratory, each in the namespace of a site.
import { launchChromium, launchFirefox } from "../harness/browsers.mjs";
import { TURN_NAME } from "./addresses.mjs";

/** Firefox would load a page over a socket that it opened in advance, before its address changed, and wait for an answer. */
const NO_SPARE_SOCKETS = { "network.http.speculative-parallel-limit": 0, "network.http.connection-retry-timeout": 0 };

/** Makes Firefox trust an authority, and know the address of a name. */
const INSIDE_FIREFOX = `const [certificate, name, address] = arguments;
  Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(certificate, "CT,,");
  Cc["@mozilla.org/network/native-dns-override;1"].getService(Ci.nsINativeDNSResolverOverride).addIPOverride(name, address);`;

/**
 * The laboratory's origin counts as secure, as a real application's would be. There is no name server, so the browsers know the one name.
 * Chromium takes every certificate, Firefox those of the laboratory.
 */
const LAUNCH = {
  chromium: (namespace, { origin, host }) => {
    const names = `--host-resolver-rules=MAP ${TURN_NAME} ${host}`;
    const trust = [`--unsafely-treat-insecure-origin-as-secure=${origin}`, "--ignore-certificate-errors"];
    return launchChromium(namespace, { args: [names, ...trust] });
  },
  firefox: (namespace, { host, authority }) => {
    const prefs = { "dom.securecontext.allowlist": host, ...NO_SPARE_SOCKETS };
    const certificate = authority.replace(/-----.*-----|\n/g, "");
    return launchFirefox(namespace, { prefs, inside: { script: INSIDE_FIREFOX, args: [certificate, TURN_NAME, host] } });
  },
};

export const KINDS = Object.keys(LAUNCH);

/** Starts browsers when they are first needed, one of each kind at each site. */
export class Browsers {
  #laboratory;
  #started = new Map();

  constructor(laboratory) {
    this.#laboratory = laboratory;
  }

  /** Returns the browser of this kind at the site `a` or `b`. */
  async at(site, kind) {
    const key = `${site} ${kind}`;
    if (!this.#started.has(key)) {
      const { authority, server } = this.#laboratory.servers;
      const { origin } = server;
      const started = LAUNCH[kind](this.#laboratory.sites[site].namespace, { origin, host: new URL(origin).hostname, authority });
      this.#started.set(key, started);
      // A browser without a tab might end, and its next tab would start more than a tab.
      await (await started).open("about:blank");
    }
    return this.#started.get(key);
  }

  /** Returns a browser at site a, and one at site b. */
  pair(first, second) {
    return Promise.all([this.at("a", first), this.at("b", second)]);
  }

  async versions() {
    const all = await Promise.all(this.#started.values());
    return [...new Set(all.map(({ kind, version }) => `${kind === "chromium" ? "Chromium" : "Firefox"} ${version}`))].sort().join(", ");
  }

  async close() {
    const started = await Promise.allSettled(this.#started.values());
    await Promise.allSettled(started.map(({ value }) => value?.close()));
  }
}
