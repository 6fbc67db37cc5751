// Every member of the room, and a connection to each. A tile lives as long as its connection or its place in the room.
import { restartIce } from "./ice_restart.js";
import { shownName } from "./names.js";
import { watchQuality } from "./quality.js";
import { reasonInWords } from "./reason.js";
import { Tile } from "./tile.js";

/** How long the page waits before it connects again, by attempt. The first wait leaves time for a `peerleave`. */
const AGAIN_MS = [400, 1_000, 3_000, 8_000, 15_000];
/** How long the page keeps a connection that does not work: to a peer that said goodbye, that is lost, that is away, or that is here. */
const PATIENCE_MS = { left: 2_000, closed: 2_000, lost: 20_000, away: 120_000, here: 90_000 };
/** Why a peer is away (`peeraway`), in words. */
const AWAY = { lost: "its link was lost", silent: "nothing arrives from it", suspended: "its page is frozen" };
const TONES = { connected: "good", disconnected: "bad", failed: "bad", closed: "bad" };

export class Mesh {
  #client;
  #chat;
  #files;
  #media;
  #report;
  #write;
  #changed;
  #connected;
  /** Peer id → { id, tile, name, peer, presence, attempts, again, patience, quality }. */
  #members = new Map();
  #room;
  #stopped = false;

  /** The mesh calls `report(error, id)`, `write(text, tone)` for an entry of the logbook, `changed()` when the page must draw again, and `connected(id)`. */
  constructor({ client, chat, files, media, report, write, changed, connected }) {
    this.#client = client;
    this.#chat = chat;
    this.#files = files;
    this.#media = media;
    this.#report = report;
    this.#write = write;
    this.#changed = changed;
    this.#connected = connected;
    client.addEventListener("peer", ({ peer }) => this.#adopt(this.#member(peer.id), peer));
  }

  get size() {
    return this.#members.size;
  }

  /** { id, name, state, away, quality } of every member, in the order of their arrival; `away` is a text, or "". */
  get members() {
    return [...this.#members.values()].map(({ id, name, tile, quality }) => ({ id, name, state: tile.state, away: tile.away, quality }));
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
    room.addEventListener("peeraway", ({ peer, reason }) => this.#away(peer.id, reason));
    room.addEventListener("peerback", ({ peer }) => this.#joined(peer));
    room.addEventListener("peerleave", ({ peer, reason }) => this.#left(peer.id, reason));
    for (const peer of room.peers) this.#joined(peer);
  }

  /** Stops connecting to peers. */
  stop() {
    this.#stopped = true;
    for (const member of this.#members.values()) clearTimeout(member.again);
  }

  /** Stops listening to events, because the person leaves the page. */
  leave() {
    this.stop();
    this.#members.clear();
  }

  /** Looks for new paths to every connected peer. */
  restartAll() {
    for (const member of this.#members.values()) if (member.peer) this.#restart(member);
  }

  #member(id) {
    let member = this.#members.get(id);
    if (!member) {
      const tile = new Tile(id, { restart: () => this.#restart(member) });
      member = { id, tile, name: "", peer: undefined, presence: "lost", attempts: 0, again: 0, patience: 0, quality: undefined };
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
    member.tile.away = "";
    this.#rename(member, info.metadata);
    this.#changed();
    if (known === undefined) {
      this.#chat.note(`${member.name} is here.`);
      this.#write(`${member.name}: in the room`);
    } else if (known === "away") {
      this.#chat.note(`${member.name} is back.`);
      this.#write(`${member.name}: back`, "good");
    }
    if (member.peer) this.#settle(member);
    else this.#dial(member);
  }

  /** Marks a member as away. It may come back, and then gets what it missed: the page keeps its connection and its messages. */
  #away(id, reason) {
    const member = this.#members.get(id);
    if (!member) return;
    member.presence = "away";
    member.tile.away = `away: ${AWAY[reason] ?? reason}`;
    this.#chat.note(`${member.name} is away.`);
    this.#write(`${member.name}: away (${reason})`, "bad");
    clearTimeout(member.again);
    if (member.peer) this.#settle(member);
    this.#changed();
  }

  #left(id, reason) {
    const member = this.#members.get(id);
    if (!member) return;
    member.presence = reason in PATIENCE_MS ? reason : "lost";
    member.tile.away = "not in the room";
    this.#write(`${member.name}: not in the room any more (${reason})`);
    this.#changed();
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
      // Data never flowed: start again.
      if (error.code === "timeout") peer.close();
    });
  }

  #dialLater(member) {
    clearTimeout(member.again);
    const wait = AGAIN_MS[Math.min(member.attempts, AGAIN_MS.length - 1)];
    member.attempts += 1;
    member.again = setTimeout(() => this.#dial(member), wait);
  }

  /** Takes a connection to the member, from either side, and adds its channels, tracks and listeners before any message travels. */
  #adopt(member, peer) {
    if (member.peer === peer) return;
    clearTimeout(member.again);
    member.peer = peer;
    member.tile.clear();
    this.#chat.attach(peer, () => member.name);
    this.#files.attach(peer, () => member.name);
    this.#media.publish(peer);
    const refresh = () => {
      if (member.peer === peer) member.tile.timeline = peer.timeline;
    };
    peer.addEventListener("statechange", ({ state, reason }) => this.#stateChanged(member, peer, state, reason));
    peer.addEventListener("open", () => {
      refresh();
      this.#write(`${member.name}: data flows after ${peer.timeline.open} ms`, "good");
      this.#connected(member.id);
    });
    peer.addEventListener("track", ({ track, streams }) => member.tile.show(track, streams[0] ?? new MediaStream([track])));
    watchQuality(peer, (quality) => member.peer === peer && this.#qualityChanged(member, quality));
    const watch = (connection) => {
      connection.addEventListener("signalingstatechange", refresh);
      connection.addEventListener("iceconnectionstatechange", refresh);
    };
    watch(peer.connection);
    peer.addEventListener("replaced", ({ connection }) => {
      watch(connection);
      this.#replaced(member);
    });
    member.tile.showState(peer.state, "");
    refresh();
    this.#settle(member);
  }

  #stateChanged(member, peer, state, reason) {
    if (member.peer !== peer || this.#members.get(member.id) !== member) return;
    const words = reasonInWords(reason);
    member.tile.showState(state, words);
    member.tile.timeline = peer.timeline;
    if (state !== "new") this.#write(`${member.name}: ${state}${words && ` (${words})`}`, TONES[state]);
    if (state === "closed") {
      clearTimeout(member.patience);
      this.#chat.detach(peer, !this.#stopped && member.presence === "here");
      this.#files.detach(peer);
      this.#media.forget(peer);
      member.peer = undefined;
      member.tile.clear();
      if (this.#stopped || (member.presence !== "here" && member.presence !== "away")) this.#remove(member);
      else if (member.presence === "here") this.#dialLater(member);
      this.#changed();
      return;
    }
    if (state === "connected") member.attempts = 0;
    this.#settle(member);
    this.#changed();
  }

  /** Says that another connection took the place of the one to this member: the tile, the channels and the pictures stay. */
  #replaced({ name, tile }) {
    tile.noteReplacement();
    this.#write(`${name}: a new connection in the place of the lost one, with the same channels and tracks`, "good");
    this.#chat.note(`The connection to ${name} was lost and replaced.`);
  }

  #qualityChanged(member, quality) {
    member.quality = quality;
    member.tile.quality = quality;
    if (member.peer) member.tile.timeline = member.peer.timeline;
    this.#changed();
  }

  async #restart(member) {
    const { peer, name } = member;
    if (!peer || member.tile.restarting) return;
    member.tile.restarting = true;
    this.#write(`${name}: you restarted ICE`);
    const took = await restartIce(peer);
    member.tile.restarting = false;
    if (took === undefined) this.#write(`${name}: the ICE restart did not succeed`, "bad");
    else this.#write(`${name}: new ICE generation in ${took} ms`, "good");
  }

  /** Leaves a working connection alone, and gives any other connection a limited time. */
  #settle(member) {
    clearTimeout(member.patience);
    const { peer, presence } = member;
    if (!peer || peer.state === "connected") return;
    // Before the first pair, Signalpost has its own timer.
    if (presence === "here" && peer.state !== "failed" && peer.state !== "disconnected") return;
    member.patience = setTimeout(() => peer.close(), PATIENCE_MS[presence]);
  }

  #remove(member) {
    clearTimeout(member.again);
    clearTimeout(member.patience);
    if (!this.#members.delete(member.id)) return;
    this.#chat.forget(member.id);
    member.tile.remove();
    this.#chat.note(`${member.name} is gone.`);
    this.#write(`${member.name}: gone`);
    this.#changed();
  }
}
