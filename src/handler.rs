//! The facade's side: what the application is told.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What the facade implements. It is not called while the module is at work, and may not throw. */
export interface Handler {
  tell(what: number, number: number, a: string, b: string, c: string): void;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// The object that the facade passes.
    #[wasm_bindgen(typescript_type = "Handler")]
    pub type Handler;

    /// One function for all that there is to tell, because each binding weighs something. `what` is a [`Told`].
    #[wasm_bindgen(method)]
    pub fn tell(this: &Handler, what: u32, number: u32, a: &str, b: &str, c: &str);
}

#[allow(missing_docs, dead_code, reason = "`js/told.ts` has the docs")]
/// What is told: the numbers of `js/told.ts`, which says what the number and the texts are.
#[derive(Clone, Copy)]
pub enum Told {
    Resolved,
    Rejected,
    State,
    Error,
    PeersJoined,
    PeerChanged,
    Message,
    Description,
    Candidates,
    Peer,
    PeerState,
    PeerOpen,
    Resumed,
    Key,
}
