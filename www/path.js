// Which way the packets go, in a few words.

const KINDS = { host: "local", srflx: "reflexive", prflx: "reflexive", relay: "relay" };

/** The chosen pair of a connection as text, or "". */
export async function describePath(connection) {
  if (connection.connectionState !== "connected") return "";
  const stats = new Map();
  (await connection.getStats()).forEach((report) => stats.set(report.id, report));
  const reports = [...stats.values()];
  const transport = reports.find((report) => report.type === "transport" && report.selectedCandidatePairId);
  const pair =
    stats.get(transport?.selectedCandidatePairId) ??
    reports.find((report) => report.type === "candidate-pair" && report.nominated && report.state === "succeeded");
  const [local, remote] = [stats.get(pair?.localCandidateId), stats.get(pair?.remoteCandidateId)];
  if (!local || !remote) return "";
  const relayed = [local, remote].some((candidate) => candidate.candidateType === "relay");
  const kind = ({ candidateType }) => KINDS[candidateType] ?? candidateType;
  const words = [relayed ? "relayed" : "direct", `${kind(local)} ↔ ${kind(remote)}`, local.protocol];
  if (pair.currentRoundTripTime !== undefined) words.push(`${Math.max(1, Math.round(1000 * pair.currentRoundTripTime))} ms there and back`);
  return words.filter(Boolean).join(" · ");
}
