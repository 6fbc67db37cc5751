type Listener<E> = ((event: E) => void) | { handleEvent(event: E): void } | null;

/** An `EventTarget` whose events are known: `Events` maps each type to its event. */
export interface TypedEventTarget<Events> extends EventTarget {
  addEventListener<T extends keyof Events & string>(
    type: T,
    listener: Listener<Events[T]>,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<T extends keyof Events & string>(
    type: T,
    listener: Listener<Events[T]>,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}

/** The platform's own class, with the types above. */
export const TypedEventTarget = EventTarget as unknown as new <Events>() => TypedEventTarget<Events>;

/** @internal Dispatches an event of that type with these properties. */
export function emit(target: EventTarget, type: string, detail: object = {}): void {
  target.dispatchEvent(Object.assign(new Event(type), detail));
}
