//! A deck of what can happen.

use crate::random::Random;

/// Draws everything once before anything is drawn again.
#[derive(Clone, Debug)]
pub struct Deck<T> {
    all: Vec<T>,
    left: Vec<T>,
}

impl<T: Copy> Deck<T> {
    /// A deck of these.
    pub fn new(all: Vec<T>) -> Self {
        Self { all, left: Vec::new() }
    }

    /// The next one; `None` from an empty deck.
    pub fn draw(&mut self, random: &mut Random) -> Option<T> {
        if self.left.is_empty() {
            self.left.clone_from(&self.all);
        }
        let at = random.below(self.left.len());
        (at < self.left.len()).then(|| self.left.swap_remove(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everything_is_drawn_once_before_anything_is_drawn_again() {
        let (mut deck, mut random) = (Deck::new(vec![1, 2, 3, 4]), Random::new(1));
        for _ in 0..20 {
            let round: BTreeSet<_> = (0..4).filter_map(|_| deck.draw(&mut random)).collect();
            assert_eq!(round.len(), 4);
        }
        assert_eq!(Deck::<u8>::new(Vec::new()).draw(&mut random), None);
    }
}
