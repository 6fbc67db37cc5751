//! Times of the command line: seconds there, milliseconds here.

/// A time of the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Milliseconds(pub u64);

/// Longest time that a flag may ask for, in seconds: a day.
const MAX_SECONDS: f64 = 86_400.0;

pub(super) fn seconds(text: &str) -> Result<Milliseconds, String> {
    match text.parse::<f64>() {
        // Not negative, no NaN and within a day, so that it fits.
        Ok(seconds) if (0.0..=MAX_SECONDS).contains(&seconds) => {
            Ok(Milliseconds((seconds * 1000.0).round() as u64))
        }
        _ => Err(format!("must be a number of seconds from 0 to {MAX_SECONDS}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_of_at_most_a_day() {
        for (text, milliseconds) in [("0", 0), ("0.25", 250), ("120", 120_000), ("86400", 86_400_000)] {
            assert_eq!(seconds(text), Ok(Milliseconds(milliseconds)));
        }
        for text in ["", "x", "-1", "NaN", "inf", "86400.1", "1s"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
