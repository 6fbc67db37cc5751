// Everyone in the room, and a connection to each. A tile lives as long as its connection or its place in the room.
import { shownName } from "./names.js";
import { describePath } from "./path.js";
import { Tile } from "./tile.js";

/** How long to wait before connecting again, by attempt. The first leaves time for a `peerleave`. */
const AGAIN_MS = [400, 1_000, 3_000, 8_000, 15_000];
/** How long a connection that does not work is kept: of a peer that said goodbye, of one that got lost, of one that is here. */
const PATIENCE_MS = { left: 2_000, closed: 2_000, lost: 20_000, here: 20_000 };
const PATH_MS = 3_000;

export class Mesh {
  #client;
  #chat;
  #media;
  #report;
  #changed;
  #connected;
  /** Peer id → { id, tile, name, peer, presence, attempts, again, patience }. */
  #members = new Map();
  #room;
  #stopped = false;

  constructor({ client, chat, media, report, changed, connected }) {
    this.#client = client;
    this.#chat = chat;
    this.#media = media;
    this.#report = report;
    this.#changed = changed;
    this.#connected = connected;
    client.addEventListener("peer", ({ peer }) => this.#adopt(this.#member(peer.id), peer));
    setInterval(() => this.#lookAtPaths(), PATH_MS);
  }

  get size() {
    return this.#members.size;
  }

  nameOf(id) {
    return this.#members.get(id)?.name ?? shownName(undefined, id);
  }

  /** Whether the room lists the peer. */
  isHere(id) {
    return this.#members.get(id)?.presence === "here";
  }

  enter(room) {
    this.#room = room;
    room.addEventListener("peerjoin", ({ peer }) => this.#joined(peer));
    room.addEventListener("peerleave", ({ peer, reason }) => this.#left(peer.id, reason));
    for (const peer of room.peers) this.#joined(peer);
  }

  stop() {
    this.#stopped = true;
    for (const member of this.#members.values()) clearTimeout(member.again);
  }

  #member(id) {
    let member = this.#members.get(id);
    if (!member) {
      const tile = new Tile(id);
      member = { id, tile, name: "", peer: undefined, presence: "lost", attempts: 0, again: 0, patience: 0 };
      this.#members.set(id, member);
      this.#rename(member, this.#room?.peers.find((peer) => peer.id === id)?.metadata);
      document.querySelector("#tiles").append(tile.element);
      this.#changed();
    }
    return member;
  }

  #rename(member, metadata) {
    member.name = shownName(metadata, member.id);
    member.tile.name = member.name;
  }

  #joined(info) {
    const known = this.#members.get(info.id)?.presence;
    const member = this.#member(info.id);
    member.presence = "here";
    member.tile.away = false;
    this.#rename(member, info.metadata);
    if (known === undefined) this.#chat.note(`${member.name} is here.`);
    if (member.peer) this.#settle(member);
    else this.#dial(member);
  }

  #left(id, reason) {
    const member = this.#members.get(id);
    if (!member) return;
    member.presence = reason in PATIENCE_MS ? reason : "lost";
    member.tile.away = true;
    clearTimeout(member.again);
    if (member.peer) this.#settle(member);
    else this.#remove(member);
  }

  #dial(member) {
    if (this.#stopped || member.peer) return;
    let peer;
    try {
      peer = this.#client.peer(member.id);
    } catch (error) {
      this.#report(error, member.id);
      this.#dialLater(member);
      return;
    }
    this.#adopt(member, peer);
    peer.connect().catch((error) => {
      this.#report(error, member.id);
      // Data never flowed: begin anew.
      if (error.code === "timeout") peer.close();
    });
  }

  #dialLater(member) {
    clearTimeout(member.again);
    const wait = AGAIN_MS[Math.min(member.attempts, AGAIN_MS.length - 1)];
    member.attempts += 1;
    member.again = setTimeout(() => this.#dial(member), wait);
  }

  /** A connection to the member, whoever began it: dress it before anything is sent or heard. */
  #adopt(member, peer) {
    if (member.peer === peer) return;
    clearTimeout(member.again);
    member.peer = peer;
    member.tile.clear();
    this.#chat.attach(peer, () => member.name);
    this.#media.publish(peer);
    const refresh = () => {
      if (member.peer === peer) member.tile.timeline = peer.timeline;
    };
    peer.addEventListener("statechange", ({ state, reason }) => this.#stateChanged(member, peer, state, reason));
    peer.addEventListener("open", () => {
      refresh();
      this.#connected(member.id);
      this.#lookAtPath(member);
    });
    peer.addEventListener("track", ({ track, streams }) => member.tile.show(track, streams[0] ?? new MediaStream([track])));
    peer.connection.addEventListener("signalingstatechange", refresh);
    peer.connection.addEventListener("iceconnectionstatechange", refresh);
    member.tile.state = peer.state;
    refresh();
    this.#settle(member);
  }

  #stateChanged(member, peer, state, reason) {
    if (member.peer !== peer) return;
    member.tile.state = state;
    member.tile.timeline = peer.timeline;
    if (state === "closed") {
      clearTimeout(member.patience);
      this.#chat.detach(peer);
      this.#media.forget(peer);
      member.peer = undefined;
      member.tile.clear();
      if (this.#stopped || member.presence !== "here") this.#remove(member);
      else this.#dialLater(member);
      return;
    }
    if (state === "connected") member.attempts = 0;
    if (state === "failed" && reason === "") peer.restartIce();
    this.#settle(member);
  }

  /** A connection that works is never touched; one that does not has until its time is over. */
  #settle(member) {
    clearTimeout(member.patience);
    const { peer, presence } = member;
    if (!peer || peer.state === "connected") return;
    // Before its first pair Signalpost has a timer of its own.
    if (presence === "here" && peer.state !== "failed" && peer.state !== "disconnected") return;
    member.patience = setTimeout(() => peer.close(), PATIENCE_MS[presence]);
  }

  #remove(member) {
    clearTimeout(member.again);
    clearTimeout(member.patience);
    if (!this.#members.delete(member.id)) return;
    member.tile.remove();
    this.#chat.note(`${member.name} is gone.`);
    this.#changed();
  }

  #lookAtPaths() {
    if (!document.hidden) this.#members.forEach((member) => this.#lookAtPath(member));
  }

  async #lookAtPath(member) {
    const { peer } = member;
    if (!peer) return;
    const path = await describePath(peer.connection).catch(() => "");
    if (member.peer === peer) member.tile.path = path;
  }
}
