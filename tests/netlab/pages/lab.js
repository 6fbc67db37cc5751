// What a page of the laboratory does for a test: `window.lab`.

/** All connections that this page made, in their order. */
const made = [];
window.RTCPeerConnection = new Proxy(RTCPeerConnection, {
  construct(Native, given) {
    const connection = new Native(...given);
    made.push(connection);
    return connection;
  },
});

const CONTENDERS = { floor: "./floor.js", signalpost: "./signalpost_client.js" };

/**
 * Returns the pair in use as `{ own, to }`: the type and protocol of the own candidate, such as "srflx/udp" (of a relay the protocol towards it),
 * and the address to which it sends.
 */
async function pairOf(connection) {
  const reports = await connection.getStats();
  let pair;
  for (const { selectedCandidatePairId } of reports.values()) pair ??= reports.get(selectedCandidatePairId);
  const own = pair && reports.get(pair.localCandidateId);
  if (!own) return undefined;
  const protocol = own.candidateType === "relay" ? own.relayProtocol : own.protocol;
  return { own: `${own.candidateType}/${protocol}`, to: reports.get(pair.remoteCandidateId)?.address };
}

window.lab = {
  made,
  async prepare({ contender, ...given }) {
    const { open } = await import(CONTENDERS[contender]);
    window.endpoint = await open(given);
  },
  /** Connects; returns the milliseconds until data could flow. */
  async call({ remote, limitMs }) {
    const began = performance.now();
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error(`no connection in ${limitMs} ms`)), limitMs));
    await Promise.race([window.endpoint.call(remote), late]);
    return performance.now() - began;
  },
  /** The connections in use, by name. */
  lives: {},
  async live({ name, ...given }) {
    const { live } = await import("./live.js");
    this.lives[name] = await live(given);
  },
  /** Connects where no path is possible; returns the error, and those that came before. */
  fail: (remote) => window.endpoint.fail(remote),
  pair: () => pairOf(made.at(-1)),
  end() {
    window.endpoint?.close?.();
    for (const one of Object.values(this.lives)) one.close();
    for (const connection of made) connection.close();
  },
};
