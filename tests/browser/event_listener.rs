//! A listener lives as long as its guard.

use crate::support::{Log, run};
use signalpost::event_listener::EventListener;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::EventTarget;

fn dispatch(target: &EventTarget, name: &str) {
    let both = js_sys::Array::of2(target, &name.into());
    run("given[0].dispatchEvent(new Event(given[1]))", &both);
}

#[wasm_bindgen_test]
fn it_is_removed_when_the_guard_is_dropped() {
    let target: EventTarget = run("return new EventTarget()", &JsValue::NULL).unchecked_into();
    let heard = Log::default();
    let [first, second] = [1, 2].map(|number| {
        let log = heard.clone();
        EventListener::new(&target, "thing", move |event| log.push((number, event.type_())))
    });
    dispatch(&target, "thing");
    dispatch(&target, "other");
    drop(first);
    dispatch(&target, "thing");
    drop(second);
    dispatch(&target, "thing");
    let expected = [1, 2, 2].map(|number| (number, String::from("thing")));
    assert_eq!(heard.entries(), expected);
}

#[wasm_bindgen_test]
fn nothing_is_left_on_a_target_that_counts() {
    // An EventTarget that knows how many listeners it has.
    let target: EventTarget = run(
        "const target = new EventTarget();
         target.count = 0;
         const { addEventListener, removeEventListener } = EventTarget.prototype;
         target.addEventListener = (...all) => (target.count += 1, addEventListener.apply(target, all));
         target.removeEventListener = (...all) => (target.count -= 1, removeEventListener.apply(target, all));
         return target",
        &JsValue::NULL,
    )
    .unchecked_into();
    let count = || run("return given.count", &target).as_f64();
    let guards: Vec<_> = (0..5).map(|_| EventListener::new(&target, "thing", |_| {})).collect();
    assert_eq!(count(), Some(5.0));
    drop(guards);
    assert_eq!(count(), Some(0.0));
}
