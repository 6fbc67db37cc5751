// Files between the people in the room: every peer has its own channel for files, and every file has a card among the messages.
import { FileCard } from "./file_card.js";
import { FileChannel, LARGEST_FILE, sha256 } from "./file_channel.js";

/** How many bytes of others' files this page holds at most; removing a card frees its part. */
const MOST_HELD = 256 * 1024 * 1024;

export class Files {
  #chat;
  #notice;
  /** RemotePeer → { channel, nameOf }. */
  #links = new Map();
  #held = 0;

  /** The constructor's `notice(text)` shows a text to the person. */
  constructor({ chat, notice }) {
    this.#chat = chat;
    this.#notice = notice;
  }

  /** Both sides create the channel with the same number, as for messages. */
  attach(peer, nameOf) {
    const channel = new FileChannel(peer.createDataChannel("files", { negotiated: true, id: 2 }), {
      accepts: (size) => (this.#held + size > MOST_HELD ? "the receiver has no room for more files" : undefined),
      incoming: (transfer) => this.#arrives(transfer, nameOf()),
    });
    this.#links.set(peer, { channel, nameOf });
    peer.addEventListener("datachannel", ({ channel: next, replaced }) => replaced && next.label === "files" && channel.goOn(next));
  }

  detach(peer) {
    this.#links.get(peer)?.channel.stop("the connection closed");
    this.#links.delete(peer);
  }

  /** Sends files to everyone who is here. */
  send(files) {
    for (const file of files) {
      if (file.size > LARGEST_FILE)
        this.#notice(`“${file.name}” is too large: this page takes files up to ${LARGEST_FILE / 1024 / 1024} MiB.`);
      else if (this.#links.size === 0) this.#notice("Nobody is here to receive a file yet.");
      else this.#sendOne(file);
    }
  }

  #sendOne(file) {
    const digest = sha256(file).catch(() => undefined);
    const receivers = [...this.#links.values()].map(({ channel, nameOf }) => ({ name: nameOf(), transfer: channel.send(file, digest) }));
    const card = new FileCard({ name: file.name, size: file.size, file, receivers });
    this.#chat.insert(this.#chat.ownName, "mine", card.element);
  }

  #arrives(transfer, from) {
    this.#held += transfer.size;
    const giveBack = () => (this.#held -= transfer.size);
    const card = new FileCard({ name: transfer.name, size: transfer.size, from, transfer, removed: giveBack });
    this.#chat.insert(from, "theirs", card.element);
    transfer.addEventListener("change", () => transfer.state === "stopped" && giveBack());
  }
}
