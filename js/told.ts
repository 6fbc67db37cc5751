/**
 * @internal What the module tells the client: the name of a function of its handler. Its arguments are a number, which is 0
 * where nothing is said of it, and three texts, which are empty where there is nothing to say.
 */
export const enum Told {
  /** The call's number; the peers, as JSON; the cursor of the next page. */
  Resolved,
  /** The call's number; code, details, and whether a retry can help: not empty. */
  Rejected,
  /** State and reason. */
  State,
  /** Whether a retry can help; peer, code, details. */
  Error,
  /** Room; its new members, as JSON. */
  PeersJoined,
  /** Whether it left (0), is away (1) or back (2); room, peer, reason. */
  PeerChanged,
  /** Sender, the room that it was broadcast in, data. */
  Message,
  /** Sender, type, text: for a connection of the application's own. */
  Description,
  /** Whether these are the last; sender; candidates, as JSON. */
  Candidates,
  /** A peer that connected to us. */
  Peer,
  /** Peer, state, reason. */
  PeerState,
  /** The peer to which data can flow. */
  PeerOpen,
  /** Whether the session goes on; why it does not. */
  Resumed,
  /** The key of the session from now on. */
  Key,
}

/** @internal */
export type Telling = (number: number, a: string, b: string, c: string) => void;
