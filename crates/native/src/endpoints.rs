//! Where the client looks for a server.

use std::fmt;

/// The addresses of the servers, as `ws:` URLs. Each attempt to open a socket asks for the next one.
pub struct Endpoints(Box<dyn FnMut() -> String + Send>);

impl Endpoints {
    /// Takes each address in turn, and begins again behind the last one. Servers that know the same sessions may take turns; a
    /// server alone has one address.
    pub fn in_turn<I: IntoIterator<Item: Into<String>>>(addresses: I) -> Self {
        let addresses: Vec<String> = addresses.into_iter().map(Into::into).collect();
        let mut turns = (0..addresses.len()).cycle();
        // No address at all: the empty one, which is refused as none.
        Self::chosen_by(move || turns.next().and_then(|at| addresses.get(at)).cloned().unwrap_or_default())
    }

    /// Asks `choose` before each attempt, as a load balancer would be asked. The client waits for its answer, so it answers
    /// at once.
    pub fn chosen_by(choose: impl FnMut() -> String + Send + 'static) -> Self {
        Self(Box::new(choose))
    }

    /// The address of the next attempt.
    pub(crate) fn next(&mut self) -> String {
        (self.0)()
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Endpoints")
    }
}

impl From<&str> for Endpoints {
    fn from(address: &str) -> Self {
        Self::in_turn([address])
    }
}

impl From<String> for Endpoints {
    fn from(address: String) -> Self {
        Self::in_turn([address])
    }
}

impl From<Vec<String>> for Endpoints {
    fn from(addresses: Vec<String>) -> Self {
        Self::in_turn(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_take_turns() {
        let mut endpoints = Endpoints::in_turn(["a", "b"]);
        assert_eq!([(); 3].map(|()| endpoints.next()), ["a", "b", "a"]);
        assert_eq!(Endpoints::from(Vec::new()).next(), "");
    }
}
