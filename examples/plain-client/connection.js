// One RTCPeerConnection by perfect negotiation, as docs/protocol.md describes it ("Between peers").
const [QUIET_MS, MDNS_MS, REPEAT_MS, MOST_KEPT] = [400, 40, 5000, 100];
const fragmentsOf = (description) => [...(description?.sdp ?? "").matchAll(/^a=ice-ufrag:(\S+)/gm)].map(([, fragment]) => fragment);
const roleIn = (sdp) => /^a=setup:(\w+)/m.exec(sdp)?.[1];

export class Emitter extends EventTarget {
  emit = (type, detail) => this.dispatchEvent(new CustomEvent(type, { detail }));
}

/** Events: `message` (the text of a chat), `end` (why). */
export class Connection extends Emitter {
  #number = 0;
  #outstanding; // The offer that has no answer: its payload, and what is to be set once the answer is there.
  #answered = { number: 0 }; // The last answer given.
  #role;
  #kept = [];
  #restarts = { count: 0, quietUntil: 0 };
  #refused = false;
  #invited;
  #operations = Promise.resolve();

  constructor(client, peer, polite, connection) {
    Object.assign(super(), { client, peer, polite, connection });
    this.pc = new RTCPeerConnection(client.rtc);
    this.channel = this.pc.createDataChannel("signalpost", { negotiated: true, id: 0 });
    this.chat = this.pc.createDataChannel("chat", { negotiated: true, id: 1 });
    this.chat.onmessage = ({ data }) => this.emit("message", data);
    this.channel.onclose = () => this.end("the data channel closed");
    this.pc.onnegotiationneeded = () => this.#then(() => this.#offer());
    this.pc.onicecandidate = ({ candidate }) => this.#trickle(candidate);
    this.pc.onconnectionstatechange = () => this.pc.connectionState === "failed" && this.pc.restartIce();
  }

  #isOver = () => this.pc.signalingState === "closed";
  close = () => this.end("closed", true);
  /** Sends an offer that has no answer yet once more. */
  repeat = () => this.#isOver() || (this.#outstanding && this.#signal("offer", this.#outstanding.payload));

  /** Ends the connection on this side, and tells the other side if asked to. */
  end(reason, tellsOther = false) {
    if (this.#isOver()) return;
    if (tellsOther) this.#signal("close");
    this.pc.close();
    this.emit("end", reason);
  }

  receive(type, payload) {
    if (type !== "reject") this.remote = payload.connection;
    this.remoteSession ??= payload.session;
    if (type === "close" || payload.code === "connection-gone") return this.end(`the other side: ${payload.code ?? type}`);
    const take = { offer: this.#takeOffer, answer: this.#takeAnswer, invite: this.#takeInvite, reject: this.#takeReject };
    this.#then(() => (take[type] ?? this.#takeCandidates).call(this, payload));
  }

  /** One operation after the other. */
  #then(operation) {
    this.#operations = this.#operations.then(() => this.#isOver() || operation()).catch(() => this.close());
  }

  #signal(type, payload) {
    this.client.send(type, { connection: this.connection, target: this.remote, ...payload }, this.peer);
  }

  async #offer() {
    const quiet = this.#restarts.quietUntil - Date.now();
    if (quiet > 0) return void setTimeout(() => this.#then(() => this.#offer()), quiet);
    if (this.#outstanding || this.#refused || this.pc.signalingState !== "stable") return; // It will be needed again.
    const unset = this.polite ? await this.pc.createOffer() : undefined;
    if (!unset) await this.pc.setLocalDescription();
    let { sdp } = unset ?? this.pc.localDescription;
    if (this.#role) sdp = sdp.replaceAll("a=setup:actpass", `a=setup:${this.#role}`);
    this.#outstanding = { unset, payload: { session: this.client.session, number: ++this.#number, sdp } };
    this.repeat();
    setTimeout((number) => this.#outstanding?.payload.number === number && this.repeat(), REPEAT_MS, this.#number);
  }

  async #takeOffer({ number, sdp }) {
    if (number === this.#answered.number) return this.#answered.sdp && this.#signal("answer", this.#answered);
    if (number < this.#answered.number || (this.#outstanding && !this.polite)) return;
    [this.#outstanding, this.#refused] = [undefined, false];
    this.#answered = { session: this.client.session, number };
    const isRefused = await this.#setRemote({ type: "offer", sdp }).catch(() => true);
    if (isRefused) return this.#signal("reject", { number, code: "description-rejected" });
    await this.pc.setLocalDescription();
    this.#answered.sdp = this.pc.localDescription.sdp;
    this.#role = roleIn(this.#answered.sdp);
    this.#signal("answer", this.#answered);
  }

  async #takeAnswer({ number, sdp }) {
    if (number !== this.#outstanding?.payload.number) return;
    if (this.#outstanding.unset) await this.pc.setLocalDescription(this.#outstanding.unset);
    await this.#setRemote({ type: "answer", sdp });
    this.#outstanding = undefined;
    this.#role = roleIn(sdp) === "active" ? "passive" : "active";
  }

  /** The other side wants us to offer: at first a new connection does so by itself. */
  async #takeInvite({ end = "" }) {
    if (this.#invited === end) return this.repeat();
    [this.#invited, this.#refused] = [end, false];
    if (fragmentsOf(this.pc.remoteDescription).includes(end)) this.pc.restartIce();
  }

  async #takeReject({ number }) {
    if (number !== this.#outstanding?.payload.number) return;
    if (!this.#outstanding.unset) await this.pc.setLocalDescription({ type: "rollback" });
    [this.#outstanding, this.#refused] = [undefined, true];
  }

  async #setRemote(description) {
    const before = fragmentsOf(this.pc.remoteDescription);
    await this.pc.setRemoteDescription(description);
    const set = fragmentsOf(description);
    if (before[0] && !set.includes(before[0])) this.#restarts = { count: this.#restarts.count + 1, quietUntil: Date.now() + QUIET_MS };
    for (const candidate of this.#kept.splice(0)) this.#apply(candidate, set);
  }

  #takeCandidates({ candidates, end }) {
    const set = fragmentsOf(this.pc.remoteDescription);
    const last = end == null ? [] : [{ candidate: "", sdpMLineIndex: 0, usernameFragment: end }];
    for (const candidate of [...(candidates ?? []), ...last]) {
      if (!this.#apply(candidate, set) && this.#kept.length < MOST_KEPT) this.#kept.push(candidate);
    }
  }

  /** Whether the candidate is of the description that is set. */
  #apply(candidate, set) {
    const { candidate: line, usernameFragment } = candidate;
    if (set.length === 0 || (usernameFragment != null && !set.includes(usernameFragment))) return false;
    const isBare = this.#restarts.count > 0 && line && !line.includes(" generation ");
    if (isBare) candidate.candidate += ` generation ${2 * this.#restarts.count + 1}`; // Or Chromium may try no pair with it.
    const add = () => this.#isOver() || this.pc.addIceCandidate(candidate).catch(console.warn);
    setTimeout(add, line.includes(".local ") ? MDNS_MS : 0);
    return true;
  }

  #trickle(candidate) {
    if (candidate === null) this.#signal("ice-candidate", { end: fragmentsOf(this.pc.localDescription)[0] });
    else if (candidate.candidate) this.#signal("ice-candidate", { candidates: [candidate.toJSON()] });
  }
}
