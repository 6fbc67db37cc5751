//! What came out of a run.

use super::losses::Outage;
use super::way::{At, Way};
use std::collections::BTreeMap;
use std::fmt;

/// Most findings that are kept in full; all are counted.
const KEPT: usize = 25;

/// How the contract was broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Offence {
    /// It was accepted and never arrived, and the receiver kept its session.
    Lost,
    /// It arrived again.
    Doubled,
    /// It arrived after a later one.
    Reordered,
    /// It arrived although its sender heard that it is not sent.
    Refuted,
    /// It arrived and was never sent.
    Invented,
    /// Its call never ended.
    Unsettled,
    /// Its call failed with this code, although the sessions of both sides lived.
    Failed(String),
}

impl fmt::Display for Offence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => formatter.write_str("lost"),
            Self::Doubled => formatter.write_str("doubled"),
            Self::Reordered => formatter.write_str("reordered"),
            Self::Refuted => formatter.write_str("arrived though refused"),
            Self::Invented => formatter.write_str("never sent"),
            Self::Unsettled => formatter.write_str("no outcome"),
            Self::Failed(code) => write!(formatter, "failed with {code}"),
        }
    }
}

/// One message that broke the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How.
    pub offence: Offence,
    /// On which way.
    pub way: Way,
    /// Which of its messages.
    pub number: u32,
    /// When it was sent, or heard.
    pub at: At,
}

/// What was lost and told to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Sessions whose client heard so.
    pub sessions: u64,
    /// Accepted messages that went with a session.
    pub messages: u64,
    /// Calls that failed because a session of one side was lost.
    pub calls: u64,
    /// Messages that arrived although their sender heard that they are not sent: its frame was lost after it was executed.
    pub refuted: u64,
    /// Messages that their receiver heard again in its next session: their frame was lost after it was executed.
    pub doubled: u64,
}

/// What came out of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Ordered pairs that spoke, and such pairs in a room.
    pub ways: usize,
    /// Calls of `send`.
    pub sent: u64,
    /// Calls of `broadcast`.
    pub broadcasts: u64,
    /// Calls that ended with the message in the receiver's mailbox.
    pub accepted: u64,
    /// Calls that ended with a receipt.
    pub confirmed: u64,
    /// Messages that were heard.
    pub received: u64,
    /// Calls that failed, by their code.
    pub failures: BTreeMap<String, u64>,
    /// How often a session went on with another socket.
    pub resumed: u64,
    /// What was lost and told to be, by the outage that explains it; `None`: nothing does.
    pub costs: BTreeMap<Option<Outage>, Cost>,
    /// How often the contract was broken.
    pub offences: BTreeMap<Offence, u64>,
    /// The first of these.
    pub findings: Vec<Finding>,
    /// Events that no client may hear, as far as they are kept.
    pub odd: Vec<String>,
}

impl Verdict {
    /// Notes that the contract was broken.
    pub(super) fn note(&mut self, finding: Finding) {
        *self.offences.entry(finding.offence.clone()).or_default() += 1;
        if self.findings.len() < KEPT {
            self.findings.push(finding);
        }
    }

    /// Notes an event that no client may hear.
    pub(super) fn note_odd(&mut self, what: String) {
        if self.odd.len() < KEPT {
            self.odd.push(what);
        }
    }

    /// What was lost for this reason.
    pub(super) fn cost(&mut self, reason: Option<Outage>) -> &mut Cost {
        self.costs.entry(reason).or_default()
    }

    /// Whether the contract was kept, and nothing was lost but by an outage that loses data.
    pub fn is_kept(&self) -> bool {
        self.offences.is_empty() && self.odd.is_empty() && !self.costs.contains_key(&None)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |offence| self.offences.get(&offence).copied().unwrap_or_default();
        writeln!(
            formatter,
            "messages: {} sent, {} broadcast, {} accepted, {} confirmed, {} heard, on {} ways",
            self.sent, self.broadcasts, self.accepted, self.confirmed, self.received, self.ways
        )?;
        writeln!(
            formatter,
            "contract: {} lost, {} doubled, {} reordered",
            count(Offence::Lost),
            count(Offence::Doubled),
            count(Offence::Reordered)
        )?;
        writeln!(formatter, "sessions: {} resumed", self.resumed)?;
        if self.costs.is_empty() {
            writeln!(formatter, "losses:   none")?;
        }
        for (reason, Cost { sessions, messages, calls, refuted, doubled }) in &self.costs {
            let reason = reason.map_or_else(|| "no outage".into(), |outage| outage.to_string());
            writeln!(
                formatter,
                "losses:   {reason}: {sessions} sessions (their clients heard it), {messages} messages lost with them, {calls} calls failed for them, {refuted} messages arrived though refused, {doubled} again"
            )?;
        }
        for (code, times) in &self.failures {
            writeln!(formatter, "refused:  {times} × {code}")?;
        }
        for (offence, times) in &self.offences {
            writeln!(formatter, "OFFENCE:  {times} × {offence}")?;
        }
        for Finding { offence, way: Way { from, to, room }, number, at } in &self.findings {
            let place = room.map(|room| format!(" in room {room}")).unwrap_or_default();
            let seconds = *at as f64 / 1e6;
            writeln!(formatter, "  {offence}: number {number} of {from} to {to}{place}, at {seconds:.3} s")?;
        }
        for what in &self.odd {
            writeln!(formatter, "ODD:      {what}")?;
        }
        Ok(())
    }
}
