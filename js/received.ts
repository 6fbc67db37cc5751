import { SignalingError } from "./errors.js";
import { emit } from "./events.js";

/** @internal Hands on the data of a message, which is JSON. What is none is an `error` event of the client. */
export function received(client: EventTarget, from: string, text: string, take: (data: unknown) => void): void {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    const error = new SignalingError("invalid-message", false, { peerId: from, detail: "a message is not JSON" }, cause);
    emit(client, "error", { error });
    return;
  }
  take(data);
}
