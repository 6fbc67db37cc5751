//! How records are written in Redis: each is a line of a chunk. `scripts/audit_append.lua` says how chunks are kept.
//!
//! A line is `offset size type result from to`: milliseconds since the start of the bucket, largest size of the class in bytes, and
//! both pseudonyms in hexadecimal digits; `to` may be missing. A line that is empty was erased.

use crate::audit::{
    AuditKind, AuditResult, BUCKET_MS, Pseudonym, Record, RecordPosition, SizeClass, bucket_of,
};
use core::fmt::Write;

/// Most records of one chunk.
pub(super) const RECORDS: usize = 256;

/// Writes the records of one chunk, which are all of one bucket.
pub(super) fn encode(records: &[Record]) -> String {
    let mut text = String::with_capacity(records.len().saturating_mul(100));
    for Record { at, kind, size, from, to, result } in records {
        let (offset, size) = (at.saturating_sub(bucket_of(*at)), size.at_most());
        // Writing into a string does not fail.
        let _written = write!(text, "{offset} {size} {} {} {from}", kind.as_str(), result.as_str());
        if let Some(to) = to {
            let _written = write!(text, " {to}");
        }
        text.push('\n');
    }
    text
}

/// Reads a chunk of the bucket that starts at `bucket`: each record with its place in the chunk. `None` for what [`encode`] does not
/// write.
pub(super) fn decode(bucket: u64, chunk: &str) -> Option<Vec<(usize, Record)>> {
    let lines = chunk.strip_suffix('\n')?.split('\n').enumerate();
    let records = lines.filter(|(_, line)| !line.is_empty());
    let records = records.map(|(place, line)| Some((place, record(bucket, line)?)));
    records.map(|record| record.filter(|(place, _)| *place < RECORDS)).collect()
}

fn record(bucket: u64, line: &str) -> Option<Record> {
    let mut words = line.split(' ');
    let offset = words.next()?.parse().ok().filter(|offset| *offset < BUCKET_MS)?;
    let size = SizeClass::of(words.next()?.parse().ok()?);
    let kind = AuditKind::parse(words.next()?)?;
    let result = AuditResult::parse(words.next()?)?;
    let from = pseudonym(words.next()?)?;
    let to = match words.next() {
        Some(word) => Some(pseudonym(word)?),
        None => None,
    };
    let record = Record { at: bucket.checked_add(offset)?, kind, size, from, to, result };
    words.next().is_none().then_some(record)
}

fn pseudonym(text: &str) -> Option<Pseudonym> {
    parse_hex(text).map(Pseudonym::from_bytes)
}

/// Writes bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads what [`hex`] wrote; `None` for any other text, or another number of bytes.
pub(super) fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let bytes = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

/// The position of a record at a place of a chunk; `None` beyond the last possible number of a chunk.
pub(super) fn position(bucket: u64, chunk: u64, place: usize) -> Option<RecordPosition> {
    let first = chunk.checked_mul(RECORDS as u64)?;
    Some(RecordPosition { bucket, number: first.checked_add(u64::try_from(place).ok()?)? })
}

/// The position before the first record of a chunk; `None` beyond the last possible number of a chunk.
pub(super) fn before(bucket: u64, chunk: u64) -> Option<RecordPosition> {
    let first = position(bucket, chunk, 0)?;
    Some(RecordPosition { number: first.number.saturating_sub(1), ..first })
}

/// The number of the chunk with the record behind a position.
pub(super) const fn next_of(position: RecordPosition) -> u64 {
    position.number.saturating_add(1) / RECORDS as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalpost_protocol::ErrorCode;

    const BUCKET: u64 = 2_850_000 * BUCKET_MS;

    fn record(offset: u64, to: Option<u8>) -> Record {
        Record {
            at: BUCKET + offset,
            kind: AuditKind::of("offer"),
            size: SizeClass::of(300),
            from: Pseudonym::from_bytes([0xa5; 16]),
            to: to.map(|to| Pseudonym::from_bytes([to; 16])),
            result: AuditResult::Refused(ErrorCode::PeerNotFound),
        }
    }

    #[test]
    fn records_read_back_with_their_places() {
        let records = [record(0, None), record(BUCKET_MS - 1, Some(7))];
        let text = encode(&records);
        let from = "a5".repeat(16);
        let to = "07".repeat(16);
        let last = BUCKET_MS - 1;
        let lines =
            format!("0 1024 offer peer-not-found {from}\n{last} 1024 offer peer-not-found {from} {to}\n");
        assert_eq!(text, lines);
        assert_eq!(decode(BUCKET, &text), Some(vec![(0, records[0]), (1, records[1])]));
        let erased = format!("\n{}", text.split_once('\n').unwrap().1);
        assert_eq!(decode(BUCKET, &erased), Some(vec![(1, records[1])]));
    }

    #[test]
    fn anything_else_is_no_chunk() {
        let good = encode(&[record(5, Some(7))]);
        let words: Vec<&str> = good.trim_end().split(' ').collect();
        for at in 0..words.len() {
            for wrong in ["", "x", "-1", "99999999999999999999", "A5A5"] {
                let mut words = words.clone();
                words[at] = wrong;
                assert_eq!(decode(BUCKET, &format!("{}\n", words.join(" "))), None, "{words:?}");
            }
        }
        for wrong in
            [String::new(), good.trim_end().into(), good.replace('\n', " 1\n"), good.replace('5', "\0")]
        {
            assert_eq!(decode(BUCKET, &wrong), None, "{wrong:?}");
        }
        assert_eq!(decode(BUCKET, &"\n".repeat(RECORDS + 1)), Some(Vec::new()));
        assert_eq!(decode(BUCKET, &good.repeat(RECORDS + 1)), None, "more records than a chunk has");
        assert_eq!(decode(u64::MAX, &good), None);
    }

    #[test]
    fn positions_are_those_of_chunk_and_place() {
        let (middle, last) = (position(BUCKET, 3, 7).unwrap(), position(BUCKET, 3, 255).unwrap());
        assert_eq!((middle.number, last.number), (3 * 256 + 7, 3 * 256 + 255));
        assert_eq!((next_of(middle), next_of(last)), (3, 4));
        assert_eq!((before(BUCKET, 4), before(BUCKET, 0).map(|first| first.number)), (Some(last), Some(0)));
        assert_eq!(position(BUCKET, u64::MAX, 0), None);
    }
}
