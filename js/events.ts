type Listener<E> = ((event: E) => void) | { handleEvent(event: E): void } | null;

/** An `EventTarget` whose events are known: `Events` maps each type to its event, and no other type can be listened to. */
export interface TypedEventTarget<Events extends Record<keyof Events, Event>> extends EventTarget {
  /** As the platform's own method, for the events of this object. */
  addEventListener<T extends keyof Events & string>(
    type: T,
    listener: Listener<Events[T]>,
    options?: boolean | AddEventListenerOptions,
  ): void;
  /** As the platform's own method, for the events of this object. */
  removeEventListener<T extends keyof Events & string>(
    type: T,
    listener: Listener<Events[T]>,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** The platform's own class, with the types above. */
export const TypedEventTarget = EventTarget as unknown as new <Events extends Record<keyof Events, Event>>() => TypedEventTarget<Events>;

/** @internal Dispatches an event of that type with these properties. */
export function emit(target: EventTarget, type: string, detail: object = {}): void {
  target.dispatchEvent(Object.assign(new Event(type), detail));
}
