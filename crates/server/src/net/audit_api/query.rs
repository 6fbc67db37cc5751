//! Reads the query of a request to `/audit`.

use crate::audit::{AuditKind, Selection};
use percent_encoding::percent_decode_str;
use signalpost_protocol::PeerId;
use std::collections::BTreeMap;

/// A query that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadQuery {
    /// The parameter at fault.
    pub(super) parameter: String,
    /// What is wrong with it.
    pub(super) problem: &'static str,
}

fn refuse<T>(parameter: &str, problem: &'static str) -> Result<T, BadQuery> {
    Err(BadQuery { parameter: parameter.into(), problem })
}

/// Reads the parameters, of which each may be there once.
fn parameters(query: &str) -> Result<BTreeMap<String, String>, BadQuery> {
    let mut read = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8().map(String::from).ok()
        };
        let (Some(name), Some(value)) = (decode(name), decode(value)) else {
            return refuse(name, "is not UTF-8");
        };
        if read.insert(name.clone(), value).is_some() {
            return refuse(&name, "is there twice");
        }
    }
    Ok(read)
}

/// Returns what `GET /audit?from=…&to=…&type=…&peer=…` asks for. Every parameter may be missing.
pub(super) fn selection(query: &str) -> Result<Selection, BadQuery> {
    let mut parameters = parameters(query)?;
    let mut time = |name: &str| match parameters.remove(name).map(|text| text.parse()) {
        Some(Err(_)) => refuse(name, "is not a time in milliseconds since 1970"),
        Some(Ok(time)) => Ok(Some(time)),
        None => Ok(None),
    };
    let (from, until) = (time("from")?, time("to")?);
    if from.is_some_and(|from: u64| until.is_some_and(|until| until <= from)) {
        return refuse("to", "is not after from");
    }
    let kind = match parameters.remove("type").map(|name| AuditKind::parse(&name)) {
        Some(None) => return refuse("type", "is no type of a client's message, nor unknown"),
        Some(kind) => kind,
        None => None,
    };
    let peer = parameters.remove("peer").map(|id| peer(&id)).transpose()?;
    nothing_else(parameters)?;
    Ok(Selection { from, until, kind, peer })
}

/// Returns whom `DELETE /audit?peer=…` is about.
pub(super) fn erasure(query: &str) -> Result<PeerId, BadQuery> {
    let mut parameters = parameters(query)?;
    let id = parameters.remove("peer");
    // A time that somebody takes for a limit must not be ignored.
    nothing_else(parameters)?;
    id.map_or_else(|| refuse("peer", "is missing"), |id| peer(&id))
}

fn peer(id: &str) -> Result<PeerId, BadQuery> {
    PeerId::parse(id).or_else(|why| refuse("peer", why.as_str()))
}

fn nothing_else(parameters: BTreeMap<String, String>) -> Result<(), BadQuery> {
    parameters.into_keys().next().map_or(Ok(()), |name| refuse(&name, "is not a parameter of this request"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_is_read_and_may_be_missing() {
        assert_eq!(selection(""), Ok(Selection::default()));
        let all = selection("from=5&to=18446744073709551615&type=ice-candidate&peer=ad%C3%A1+%2B&").unwrap();
        assert_eq!((all.from, all.until), (Some(5), Some(u64::MAX)));
        assert_eq!(all.kind.map(AuditKind::as_str), Some("ice-candidate"));
        assert_eq!(all.peer, PeerId::parse("adá +").ok());
        assert_eq!(erasure("peer=%26%3D"), Ok(PeerId::parse("&=").unwrap()));
    }

    #[test]
    fn a_bad_query_names_the_parameter_at_fault() {
        let long = format!("peer={}", "x".repeat(129));
        for (query, parameter) in [
            ("from=yesterday", "from"),
            ("from=-1", "from"),
            ("to=18446744073709551616", "to"),
            ("from=", "from"),
            ("from=5&to=5", "to"),
            ("type=welcome", "type"),
            ("type=", "type"),
            ("peer=", "peer"),
            ("peer=a%00", "peer"),
            ("peer=%ff", "peer"),
            (&long, "peer"),
            ("peer=a&peer=b", "peer"),
            ("peers=a", "peers"),
            ("=", ""),
        ] {
            assert_eq!(selection(query).map_err(|bad| bad.parameter), Err(parameter.into()), "{query}");
        }
        for (query, parameter) in [("", "peer"), ("peer=", "peer"), ("peer=a&from=5", "from"), ("id=a", "id")]
        {
            assert_eq!(erasure(query).map_err(|bad| bad.parameter), Err(parameter.into()), "{query}");
        }
    }
}
