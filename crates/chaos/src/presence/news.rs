//! How late the news of one room come to one observer.

use std::collections::VecDeque;

/// A time of the check, in microseconds.
pub type At = u64;

/// News that are kept. Older ones prove nothing about a guest who is still there.
const KEPT: usize = 512;

/// Something that an observer saw.
#[derive(Clone, Copy, Debug)]
struct News {
    /// When a guest began to do it.
    began: At,
    /// When the observer saw it.
    seen: At,
}

/// The last news of one room that one observer saw.
#[derive(Debug, Default)]
pub struct Newspaper(VecDeque<News>);

impl Newspaper {
    /// Adds what a guest began to do at `began`.
    pub fn add(&mut self, began: At, seen: At) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(News { began, seen });
    }

    /// Whether the observer was told everything that had happened before `until` and goes on: it saw something that began later, and then
    /// something that began later still. Where much waits, a server may tell a part of it out of order; then it does not tell what
    /// happened after the client had that part.
    pub fn was_told(&self, until: At) -> bool {
        let first = self.0.iter().find(|news| news.began > until);
        first.is_some_and(|first| self.0.iter().any(|news| news.began > first.seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observer_was_told_who_saw_later_news_twice() {
        let mut paper = Newspaper::default();
        assert!(!paper.was_told(0));
        paper.add(5, 8);
        assert!(!paper.was_told(4), "a part of what waited");
        paper.add(7, 9);
        assert!(!paper.was_told(4), "of the same part");
        paper.add(9, 10);
        assert!(paper.was_told(4) && !paper.was_told(5) && !paper.was_told(9));
    }
}
