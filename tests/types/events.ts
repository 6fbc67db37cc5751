// Each object takes listeners for its own events only, and each listener gets its event's own type. A line that the compiler
// should refuse, and does not, is an error of the compiler.
import {
  type ClientMessageEvent,
  type IceServersSource,
  type PeerDataChannelEvent,
  type PeerReplacedEvent,
  type PeerStateChangeEvent,
  type PeerTrackEvent,
  type RemotePeer,
  type Room,
  type RoomPeerAwayEvent,
  type RoomPeerBackEvent,
  type RoomPeerJoinEvent,
  type RoomPeerLeaveEvent,
  SignalingClient,
  type SignalsDescriptionEvent,
} from "signalpost";

const client = new SignalingClient("/signal");
const peer: RemotePeer = client.peer("ada");
declare const room: Room;
const listener = (): void => {};

// Every event that there is. One that is added or renamed belongs here.
type EventsOf<Target> = Target extends { addEventListener(type: infer Type, listener: never, options?: boolean): void } ? Type : never;
const known: [
  Record<EventsOf<SignalingClient>, true>,
  Record<EventsOf<RemotePeer>, true>,
  Record<EventsOf<Room>, true>,
  Record<EventsOf<SignalingClient["signals"]>, true>,
] = [
  { statechange: true, resume: true, networkchange: true, peer: true, message: true, error: true },
  {
    track: true,
    datachannel: true,
    replaced: true,
    statechange: true,
    open: true,
    pathchange: true,
    quality: true,
    message: true,
    error: true,
  },
  { peerjoin: true, peeraway: true, peerback: true, peerleave: true, message: true },
  { offer: true, answer: true, icecandidate: true },
];
export { known };

// A name that no object has, and the name of another object's event.
// @ts-expect-error
client.addEventListener("statechanged", listener);
// @ts-expect-error
client.addEventListener("datachannel", listener);
// @ts-expect-error
client.removeEventListener("statechanged", listener);
// @ts-expect-error
peer.addEventListener("close", listener);
// @ts-expect-error
peer.addEventListener("resume", listener);
// @ts-expect-error
peer.removeEventListener("close", listener);
// @ts-expect-error
room.addEventListener("peerjoined", listener);
// @ts-expect-error
room.addEventListener("open", listener);
// @ts-expect-error
room.removeEventListener("peerjoined", listener);
// @ts-expect-error
client.signals.addEventListener("ice-candidate", listener);
// @ts-expect-error
client.signals.addEventListener("message", listener);
// @ts-expect-error
client.signals.removeEventListener("ice-candidate", listener);
// A name that is known only when the program runs.
// @ts-expect-error
client.addEventListener("message" as string, listener);

// Each event has its own type.
client.addEventListener("message", (event) => {
  const same: ClientMessageEvent = event;
  const from: string = same.from;
  return from;
});
peer.addEventListener("statechange", ({ state, reason }) => {
  const same: Pick<PeerStateChangeEvent, "state" | "reason"> = { state, reason };
  return same;
});
room.addEventListener("peerjoin", { handleEvent: (event: RoomPeerJoinEvent) => event.peer.id }, { once: true });
room.addEventListener("peeraway", (event: RoomPeerAwayEvent) => event.reason);
room.addEventListener("peerback", (event: RoomPeerBackEvent) => event.peer.id);
room.addEventListener("peerleave", (event: RoomPeerLeaveEvent) => event.reason);
client.signals.addEventListener("offer", (event: SignalsDescriptionEvent) => event.description);
// @ts-expect-error
client.addEventListener("message", ({ text }) => text);
// @ts-expect-error
peer.addEventListener("statechange", (event: ClientMessageEvent) => event.data);
// @ts-expect-error
room.addEventListener("peerjoin", ({ peer }) => peer.connect());
// @ts-expect-error
client.signals.addEventListener("offer", ({ candidate }) => candidate);

// What a replaced connection tells of.
peer.addEventListener("replaced", (event: PeerReplacedEvent) => {
  const both: [RTCPeerConnection, RTCPeerConnection] = [event.connection, event.previous];
  return both;
});
peer.addEventListener("track", (event: PeerTrackEvent) => {
  const same: RTCTrackEvent = event;
  const replaced: boolean = event.replaced;
  return [same, replaced];
});
peer.addEventListener("datachannel", ({ channel, replaced }: PeerDataChannelEvent) => replaced && channel.label);
// A listener of the browser's own event fits too.
peer.addEventListener("datachannel", (event: RTCDataChannelEvent) => event.channel);
// @ts-expect-error
peer.connection = new RTCPeerConnection();
// @ts-expect-error
peer.addEventListener("open", ({ replaced }) => replaced);

// The ways to give ICE servers whose credentials end.
const server: RTCIceServer = { urls: "turn:turn.example.org" };
const sources: IceServersSource[] = [
  () => [server],
  async () => [server],
  () => ({ iceServers: [server], lifetimeMs: 60_000 }),
  async () => ({ iceServers: [server], lifetimeMs: 60_000 }),
];
for (const iceServers of sources) new SignalingClient("/signal", { iceServers });
// @ts-expect-error
new SignalingClient("/signal", { iceServers: [server] });
// @ts-expect-error
new SignalingClient("/signal", { iceServers: () => ({ iceServers: [server] }) });
// @ts-expect-error
new SignalingClient("/signal", { iceServers: () => server });
