/** How long after a channel's end its connection must still work for the end to be meant, in milliseconds: channels end before a state says why. */
const MEANT_MS = 1000;

/** The id of Signalpost's own channel. */
const OWN_CHANNEL_ID = 0;

/** The directions of a transceiver that receives no more. */
const OVER: readonly unknown[] = ["sendonly", "inactive", "stopped"];

/**
 * @internal What the application made on a connection, and what arrived on it: so that it can be made again on another one, and be known
 * when it arrives again. The application may call the methods of the connection itself, which cannot be read back: they are watched.
 */
export class Belongings {
  readonly #connection: RTCPeerConnection;
  /** The streams of each sender of the application. */
  readonly #streams = new Map<RTCRtpSender, readonly MediaStream[]>();
  /** What `addTransceiver()` made: the browser joins nothing of the other side's to it (RFC 8829 §5.10). */
  readonly #added = new WeakSet<RTCRtpTransceiver>();
  /** The application's channels that are not ended, with their options. */
  readonly #channels = new Map<RTCDataChannel, RTCDataChannelInit | undefined>();
  /** What arrived: a name for each transceiver, and for each channel of the other side. */
  readonly #arrived = new Map<RTCRtpTransceiver | RTCDataChannel, string>();
  /** What arrived on the connection before, and is still to arrive here. */
  #expected: readonly string[] = [];
  readonly #signal: AbortSignal;
  /** Those that look whether a channel's end was meant. */
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  /** `signal` is aborted when the connection is over. */
  constructor(connection: RTCPeerConnection, signal: AbortSignal) {
    this.#connection = connection;
    this.#signal = signal;
    const unwatched = [
      watch(connection, "addTrack", (sender, [, ...streams]) => this.#keep(sender, streams)),
      watch(connection, "addTransceiver", (transceiver, [, init]) => {
        this.#added.add(transceiver);
        this.#keep(transceiver.sender, init?.streams ?? []);
      }),
      watch(connection, "createDataChannel", (channel, [, options]) => {
        if (options?.negotiated && options.id === OWN_CHANNEL_ID) return;
        this.#channels.set(channel, { ...options });
        this.#untilEnd(channel, this.#channels);
      }),
    ];
    // Chromium keeps a connection that was closed while it connected: nothing of this client may hang on it.
    const ended = () => {
      this.#timers.forEach(clearTimeout);
      for (const unwatch of unwatched) unwatch();
    };
    signal.addEventListener("abort", ended, { once: true });
  }

  /** Whether a track that arrives takes the place of one of the connection before: of its kind, with its streams. */
  track({ track, streams, transceiver }: RTCTrackEvent): boolean {
    return this.#arrives(transceiver, `${track.kind} ${streams.map(({ id }) => id).sort()}`);
  }

  /** Whether a channel that arrives takes the place of one of the connection before: with its label. */
  channel(channel: RTCDataChannel): boolean {
    this.#untilEnd(channel, this.#arrived);
    return this.#arrives(channel, channel.label);
  }

  /**
   * Makes everything of the application anew on another connection, in the same order, and notes which sender takes which one's place. Returns
   * the new channels. What a browser refuses is left out.
   */
  carryOver(to: Belongings, successors: WeakMap<RTCRtpSender, RTCRtpSender>): readonly RTCDataChannel[] {
    const arrived = [...this.#arrived].filter(([one]) => this.#isClosed || !("receiver" in one && OVER.includes(one.currentDirection)));
    to.#expected = [...this.#expected, ...arrived.map(([, name]) => name)];
    for (const transceiver of this.#connection.getTransceivers()) {
      const sender = possibly(() => this.#copy(transceiver, to.#connection));
      if (sender) successors.set(transceiver.sender, sender);
    }
    return [...this.#channels].flatMap(([old, options]) => {
      const channel = possibly(() => to.#connection.createDataChannel(old.label, options));
      if (!channel) return [];
      channel.binaryType = old.binaryType;
      channel.bufferedAmountLowThreshold = old.bufferedAmountLowThreshold;
      return [channel];
    });
  }

  /** Whether a script closed the connection itself: its transceivers are stopped then, and what they did cannot be read any more. */
  get #isClosed(): boolean {
    return this.#connection.signalingState === "closed";
  }

  #keep(sender: RTCRtpSender, streams: readonly MediaStream[]): void {
    if (!this.#streams.has(sender)) watch(sender, "setStreams", (_, given) => this.#streams.set(sender, given));
    this.#streams.set(sender, streams);
  }

  #arrives(one: RTCRtpTransceiver | RTCDataChannel, name: string): boolean {
    this.#arrived.set(one, name);
    const at = this.#expected.indexOf(name);
    this.#expected = this.#expected.filter((_, place) => place !== at);
    return at >= 0;
  }

  /** Forgets a channel that one of the two sides closed, but none that ended because its connection did. */
  #untilEnd(channel: RTCDataChannel, kept: { delete(channel: RTCDataChannel): unknown }): void {
    const forget = () => void kept.delete(channel);
    watch(channel, "close", forget);
    const ended = () => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        const { connectionState, sctp } = this.#connection;
        if (connectionState === "connected" && sctp?.state === "connected") forget();
      }, MEANT_MS);
      this.#timers.add(timer);
    };
    channel.addEventListener("close", ended, { once: true, signal: this.#signal });
  }

  /**
   * Makes a transceiver of the application anew, and returns its sender. There is none for a transceiver that is stopped, or that the other
   * side's description will make again.
   */
  #copy(old: RTCRtpTransceiver, to: RTCPeerConnection): RTCRtpSender | undefined {
    const { sender, receiver } = old;
    const { track } = sender;
    const direction = this.#isClosed ? (track ? "sendrecv" : "recvonly") : old.direction;
    const known = this.#streams.get(sender);
    const isAdded = this.#added.has(old);
    const isPaused = known && direction.startsWith("send");
    const isStopped = direction === "stopped" || (old.currentDirection === "stopped" && !this.#isClosed);
    if (isStopped || !(track || isAdded || isPaused)) return undefined;
    const init = { direction, streams: [...(known ?? [])] };
    const { encodings: sendEncodings } = sender.getParameters();
    const add = (all: RTCRtpTransceiverInit) => to.addTransceiver(track ?? receiver.track.kind, all).sender;
    const made =
      // The browser adds a track once only, and may not take the encodings that it gives.
      (!isAdded && track && possibly(() => added(to, track, init))) || possibly(() => add({ ...init, sendEncodings })) || add(init);
    tune(made, sender);
    return made;
  }
}

/** Returns the result of a call of the browser; `undefined` where it throws. */
function possibly<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}

/** Adds a track, so that the browser joins it to a media section of the other side's. */
function added(to: RTCPeerConnection, track: MediaStreamTrack, { direction, streams = [] }: RTCRtpTransceiverInit): RTCRtpSender {
  const sender = to.addTrack(track, ...streams);
  for (const one of to.getTransceivers()) if (one.sender === sender && direction && one.direction !== direction) one.direction = direction;
  return sender;
}

/** Gives a sender the encodings of another one. */
function tune(made: RTCRtpSender, like: RTCRtpSender): void {
  const { encodings, degradationPreference } = like.getParameters();
  const parameters = made.getParameters();
  if (encodings.length !== parameters.encodings.length) return;
  parameters.encodings = parameters.encodings.map((encoding, at) => ({ ...encoding, ...encodings[at] }));
  if (degradationPreference) parameters.degradationPreference = degradationPreference;
  // A browser that refuses them sends with its own.
  made.setParameters(parameters).catch(() => {});
}

type Method<T, Name extends keyof T> = Extract<T[Name], (...given: never[]) => unknown>;

/** Calls `heard` after each call of a method, with its result and its arguments, until the function that it returns is called. */
function watch<T extends object, Name extends keyof T>(
  object: T,
  name: Name,
  heard: (result: ReturnType<Method<T, Name>>, given: Parameters<Method<T, Name>>) => void,
): () => void {
  if (!(name in object)) return () => {};
  const own = Object.getOwnPropertyDescriptor(object, name)?.value;
  const value = (...given: Parameters<Method<T, Name>>) => {
    // Scripts may change the prototype at any time.
    const result = (own ?? Object.getPrototypeOf(object)[name]).apply(object, given);
    heard(result, given);
    return result;
  };
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
  return () => {
    if (object[name] !== value) return;
    if (own) object[name] = own;
    else delete object[name];
  };
}
