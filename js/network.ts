import type { Mapping } from "./reasons.js";

/** What a verdict about the own network rests on. */
export interface NetworkEvidence {
  /**
   * How many STUN servers of `rtc.iceServers` surely have different addresses. Names of one domain count once, and so does a name beside an
   * address: they may be one. With fewer than 2 the mapping is never `"endpoint-independent"`.
   */
  readonly stunAddresses: number;
  /** How many different public addresses and ports the servers saw (server-reflexive candidates). */
  readonly serverReflexive: number;
  /** How many host candidates over UDP the browser found. */
  readonly hosts: number;
  /** How many relayed candidates the browser found. */
  readonly relayed: number;
  /** The servers that did not answer (code 701) or refused, as the browser told of them (`icecandidateerror`). */
  readonly errors: readonly { readonly url: string; readonly code: number }[];
  /** Whether the browser had found everything. */
  readonly complete: boolean;
}

/** How the own network maps addresses, and what says so. */
export interface NetworkVerdict {
  /** The mapping. */
  readonly mapping: Mapping;
  /** What it rests on. */
  readonly evidence: NetworkEvidence;
}

/** What the networks of both ends let expect of a connection. */
export interface PeerOutlook {
  /** The mapping of the own network; `undefined` before the first verdict. */
  readonly local: Mapping | undefined;
  /** The mapping of the other side's network, as a list or a signal of it told last; `undefined` if none did. */
  readonly remote: Mapping | undefined;
  /** The chance that a direct path is found, from 0 to 1: an estimate from both mappings alone, for ranking peers. */
  readonly direct: number;
  /** Whether relayed candidates go first, because hardly anything else can work. A direct path that works all the same still wins. */
  readonly relayFirst: boolean;
}

/** @internal Makes the verdict from the module's form. */
export function networkVerdict(mapping: string | undefined, counts: Uint32Array, errors: string): NetworkVerdict | undefined {
  if (mapping === undefined) return undefined;
  const [stunAddresses = 0, serverReflexive = 0, hosts = 0, relayed = 0, complete] = counts;
  const each = [...errors.matchAll(/(\d+) (.*)\n/g)].map(([, code, url = ""]) => ({ url, code: Number(code) }));
  return { mapping, evidence: { stunAddresses, serverReflexive, hosts, relayed, errors: each, complete: complete === 1 } };
}

/** @internal Makes the outlook from the module's form, whose chance is in percent. */
export function peerOutlook(raw: PeerOutlook | undefined): PeerOutlook | undefined {
  return raw && { ...raw, direct: raw.direct / 100 };
}

/** @internal The URLs of the servers that can tell something of the network; none where only relayed candidates are wanted. */
export function serverUrls({ iceServers = [], iceTransportPolicy }: RTCConfiguration): string[] {
  return iceTransportPolicy === "relay" ? [] : iceServers.flatMap(({ urls }) => urls);
}
