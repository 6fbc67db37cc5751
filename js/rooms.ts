import { json } from "./arguments.js";
import { type CallOptions, callOptions } from "./call_options.js";
import type { PeerInfo } from "./peer_info.js";
import { Room, type RoomCalls } from "./room.js";

/** @internal The calls of the rooms to their client. */
export interface RoomsCalls {
  /** Enters a room; `take` gets its members at once. */
  join(name: string, options: CallOptions | undefined, take: (members: readonly PeerInfo[]) => void): Promise<void>;
  leave(name: string, options: CallOptions | undefined): Promise<void>;
  broadcast(name: string, json: string, options: CallOptions | undefined): Promise<void>;
}

/** @internal The rooms of a client, by name. */
export class Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #calls: RoomsCalls;

  constructor(calls: RoomsCalls) {
    this.#calls = calls;
  }

  get(name: string): Room | undefined {
    return this.#rooms.get(name);
  }

  /** Returns the description of a peer from one of the rooms. */
  member(id: string): PeerInfo | undefined {
    for (const room of this.#rooms.values()) {
      const found = room.member(id);
      if (found) return found;
    }
    return undefined;
  }

  async join(name: string, options: CallOptions | undefined): Promise<Room> {
    const room = this.#rooms.get(name) ?? this.#made(name);
    room.holds++;
    try {
      await this.#calls.join(name, options, (members) => {
        room.holds++;
        room.fill(members);
      });
    } finally {
      // A room that the client is in, or that another call enters, stays.
      if (--room.holds === 0 && this.#rooms.get(name) === room) this.#rooms.delete(name);
    }
    return room;
  }

  /** Forgets all rooms. */
  clear(): void {
    for (const name of this.#rooms.keys()) this.#forget(name);
  }

  #made(name: string): Room {
    const calls: RoomCalls = {
      leave: async (options) => {
        // A call with wrong options does not leave the room.
        callOptions(options);
        if (this.#forget(name)) await this.#calls.leave(name, options);
      },
      broadcast: async (data, options) => this.#calls.broadcast(name, json("data", data), options),
    };
    const room = new Room(name, calls);
    this.#rooms.set(name, room);
    return room;
  }

  #forget(name: string): boolean {
    this.#rooms.get(name)?.left();
    return this.#rooms.delete(name);
  }
}
