//! What the messages of the load say: their number, and filling of some length.

use crate::random::Random;

/// The longest filling of most messages, and of one in a hundred, in bytes.
const SHORT: usize = 200;
const LONG: usize = 3_900;

/// The data of a message.
pub fn write(number: u32, random: &mut Random) -> (u32, String) {
    let most = if random.percent(1) { LONG } else { SHORT };
    (number, "x".repeat(random.below(most)))
}

/// The number of a message; `None` for one that is not of the load.
pub fn read(data: &str) -> Option<u32> {
    let (number, _) = data.strip_prefix('[')?.split_once(',')?;
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_back() {
        assert_eq!(read(r#"[17,"xxx"]"#), Some(17));
        assert_eq!([read("17"), read("[x,1]"), read("")], [None; 3]);
        let (number, filling) = write(3, &mut Random::new(1));
        assert!(number == 3 && filling.len() < SHORT);
    }
}
