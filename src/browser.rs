//! What one client has of the browser: a timer, sockets, connections, and the events of its page.

pub mod data_channel;
pub mod event_listener;
pub mod next_macrotask;
pub mod page;
pub mod peer_connection;
pub mod rtc_types;
pub mod timer;
pub mod web_socket;

use crate::browser::page::Page;
use crate::browser::peer_connection::PeerConnections;
use crate::browser::timer::Timer;
use crate::browser::web_socket::{SocketSource, Sockets};
use crate::handler::Handler;
use signalpost_core::Input;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use web_sys::RtcConfiguration;

/// Receives everything that happens.
pub type Report = Rc<dyn Fn(Input)>;

/// Everything that one client has of the browser. Dropping it closes everything, silently and for good.
pub struct Browser {
    /// The one timer.
    pub timer: Timer,
    /// The sockets to the server.
    pub sockets: Sockets,
    /// The connections to other peers.
    pub connections: PeerConnections,
    _page: Page,
}

impl Browser {
    /// Listens to the page and prepares the rest. `scope` is the global object, whose events and document are heard.
    pub fn new(
        scope: &JsValue,
        source: SocketSource,
        handler: Handler,
        configuration: RtcConfiguration,
        report: &Report,
    ) -> Self {
        Self {
            timer: Timer::new(report),
            sockets: Sockets::new(scope, source, handler, report),
            connections: PeerConnections::new(configuration, report),
            _page: Page::new(scope, report),
        }
    }
}
