// Runs the cases of script.json inside a page. One self-contained function, since its source travels to the browser.
// It decides nothing: it reports what each step did, and run.mjs compares that with what the script expects.

/** Returns, for each case, one observation per step; the steps that its `given` names come first. */
export async function runOperations({ given, cases }) {
  const QUIET_MS = 20;
  const PENDING_MS = 250;
  const PATIENCE_MS = 10_000;
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const PENDING = Symbol("pending");

  /** Returns the value of a getter; the getters of a closed connection may throw. */
  const look = (getter) => {
    try {
      return getter();
    } catch (error) {
      return `throws ${error.name}`;
    }
  };

  const sections = (sdp) => sdp.split(/(?=^m=)/m).slice(1);
  const attribute = (text, name) => new RegExp(`^a=${name}:(.*?)\r?$`, "m").exec(text)?.[1] ?? null;

  function withoutSection(sdp, index) {
    const [session, ...media] = sdp.split(/(?=^m=)/m);
    const [removed] = media.splice(index, 1);
    const mid = attribute(removed, "mid");
    const group = session.replace(/^a=group:BUNDLE.*$/m, (line) =>
      line
        .split(" ")
        .filter((word) => word !== mid)
        .join(" "),
    );
    return [group, ...media].join("");
  }

  async function runCase(steps) {
    const saved = {};
    const log = [];
    const peers = {};
    const pending = [];

    function makePeer(name) {
      const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
      const peer = { connection, candidates: [], channels: [], negotiationneeded: 0 };
      connection.onsignalingstatechange = () => log.push(`${name} signalingstatechange ${connection.signalingState}`);
      connection.onnegotiationneeded = () => {
        peer.negotiationneeded += 1;
        log.push(`${name} negotiationneeded ${connection.signalingState}`);
      };
      connection.ontrack = ({ track }) => log.push(`${name} track ${track.kind}`);
      connection.ondatachannel = ({ channel }) => peer.channels.push(channel);
      connection.onicecandidate = ({ candidate }) => peer.candidates.push(candidate);
      return peer;
    }
    for (const name of ["a", "b"]) peers[name] = makePeer(name);

    function describe(step) {
      if (step.description === undefined) return undefined;
      const { saved: name, type, sdp, withoutSection: index } = step.description;
      const base = name === undefined ? {} : saved[name];
      const text = sdp ?? base.sdp;
      const description = { type: type ?? base.type };
      if (text !== undefined) description.sdp = index === undefined ? text : withoutSection(text, index);
      return description;
    }

    function candidateOf({ candidate }) {
      if (candidate === null || candidate === undefined) return candidate;
      const { ufragOf, ...init } = candidate;
      return ufragOf === undefined ? init : { ...init, usernameFragment: attribute(saved[ufragOf].sdp, "ice-ufrag") };
    }

    const isAnyOf = (connection) => (state) => [connection.connectionState, connection.iceConnectionState].includes(state);

    async function until(condition) {
      for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(5)) if (condition()) return;
      throw new DOMException("the step waited in vain", "TimeoutError");
    }

    const acts = {
      setLocalDescription: ({ connection }, step) =>
        step.description === undefined ? connection.setLocalDescription() : connection.setLocalDescription(describe(step)),
      setRemoteDescription: ({ connection }, step) => connection.setRemoteDescription(describe(step)),
      createOffer: ({ connection }, step) => connection.createOffer(step.options),
      createAnswer: ({ connection }) => connection.createAnswer(),
      addIceCandidate: ({ connection }, step) =>
        step.candidate === undefined ? connection.addIceCandidate() : connection.addIceCandidate(candidateOf(step)),
      restartIce: ({ connection }) => connection.restartIce(),
      addTransceiver: ({ connection }, { kind, direction }) =>
        void connection.addTransceiver(kind, direction === undefined ? {} : { direction }),
      addTrack({ connection }, { kind }) {
        const source = new RTCPeerConnection();
        connection.addTrack(source.addTransceiver(kind).receiver.track);
        source.close();
      },
      removeTrack: ({ connection }, { sender }) => connection.removeTrack(connection.getSenders()[sender]),
      createDataChannel(peer, { label, options }) {
        peer.channels.push(peer.connection.createDataChannel(label ?? "", options));
      },
      close: ({ connection }) => connection.close(),
      read() {},
      // When gathering is over, hands every candidate of the present generation to the other side, including end-of-candidates.
      async trickle(peer, { to }) {
        await until(() => peer.connection.iceGatheringState === "complete" && peer.candidates.at(-1) === null);
        const ufrag = attribute(peer.connection.localDescription.sdp, "ice-ufrag");
        const present = (candidate) => candidate === null || candidate.usernameFragment === ufrag;
        for (const candidate of peer.candidates.filter(present)) await peers[to].connection.addIceCandidate(candidate);
        peer.candidates = [];
      },
      waitConnected: ({ connection }) => until(() => isAnyOf(connection)("connected")),
      waitOpen: ({ channels }) => until(() => channels.some((channel) => channel.readyState === "open")),
      // Whether the two descriptions name the same ICE generation.
      compare(_, { left, right }, observation) {
        const [one, two] = [left, right].map((name) => attribute(saved[name].sdp, "ice-ufrag"));
        observation.sameUfrag = one === two && one !== null;
      },
      // The m-sections of a saved description.
      inspect(_, { name }, observation) {
        observation.sections = sections(saved[name].sdp).map((section) => {
          const kind = /^m=(\w+)/.exec(section)[1];
          // Firefox writes a direction even for data.
          const direction = kind === "application" ? undefined : /^a=(sendrecv|sendonly|recvonly|inactive)\r?$/m.exec(section)?.[1];
          return [kind, attribute(section, "mid"), direction].filter(Boolean).join(" ");
        });
      },
      // Waits for the calls that were not awaited; calls that do not end are "pending".
      async settle(_, _step, observation) {
        await Promise.race([Promise.all(pending.map(({ promise }) => promise)), sleep(PENDING_MS)]);
        observation.results = pending.map(({ result }) => (result === PENDING ? "pending" : result));
        pending.length = 0;
      },
    };

    const SILENT = [
      "read",
      "trickle",
      "waitConnected",
      "waitOpen",
      "compare",
      "inspect",
      "settle",
      "close",
      "restartIce",
      "addTransceiver",
      "addTrack",
      "removeTrack",
      "createDataChannel",
    ];

    function call(peer, step, observation) {
      try {
        return Promise.resolve(acts[step.do](peer, step, observation));
      } catch (error) {
        return Promise.reject(error);
      }
    }

    const observations = [];
    for (const step of steps) {
      const name = step.on ?? "a";
      const peer = peers[name];
      const observation = {};
      const from = log.length;
      const needed = peer.negotiationneeded;
      const promise = call(peer, step, observation);
      const entry = { result: PENDING };
      entry.promise = promise
        .then(
          (value) => {
            entry.result = "ok";
            if (value?.sdp !== undefined && step.save !== undefined) saved[step.save] = { type: value.type, sdp: value.sdp };
          },
          (error) => {
            entry.result = error.name;
            entry.message = error.message;
          },
        )
        .then(() => {
          if (!SILENT.includes(step.do)) log.push(`${name} ${step.do} ${entry.result} ${peer.connection.signalingState}`);
          if (entry.result === "ok" && step.save !== undefined && step.do === "setLocalDescription") {
            const made = peer.connection.localDescription;
            if (made !== null) saved[step.save] = { type: made.type, sdp: made.sdp };
          }
        });
      if (step.await === false) {
        pending.push(entry);
        observations.push({ result: "called", message: undefined });
        continue;
      }
      await Promise.race([entry.promise, sleep(PATIENCE_MS + 500)]);
      await sleep(QUIET_MS);
      const { connection } = peer;
      observation.result = entry.result === PENDING ? "pending" : entry.result;
      observation.message = entry.message;
      observation.state = connection.signalingState;
      for (const which of ["pendingLocalDescription", "currentLocalDescription", "pendingRemoteDescription", "currentRemoteDescription"]) {
        observation[which] = look(() => connection[which]?.type ?? null);
      }
      observation.connectionState = look(() => connection.connectionState);
      observation.channels = peer.channels.map(({ readyState }) => readyState);
      observation.transceivers = look(() =>
        connection.getTransceivers().map(({ mid, direction, currentDirection }) => `${mid} ${direction} ${currentDirection}`),
      );
      observation.negotiationneeded = peer.negotiationneeded - needed;
      observation.log = log.slice(from);
      observations.push(observation);
    }
    for (const { connection } of Object.values(peers)) connection.close();
    return observations;
  }

  const results = [];
  for (const each of cases) {
    try {
      results.push(await runCase([...(given[each.given] ?? []), ...each.steps]));
    } catch (error) {
      results.push({ broken: `${error.name}: ${error.message}` });
    }
  }
  return results;
}
