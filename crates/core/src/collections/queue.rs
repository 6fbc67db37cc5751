//! Entries that wait for their turn.

use alloc::vec::Vec;

/// First in, first out. A `VecDeque` costs the WebAssembly build about 500 bytes for each kind of entry; this a fifth.
/// What is taken out moves the rest: everything that waits here is bounded.
#[derive(Debug)]
pub struct Queue<T>(Vec<T>);

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Queue<T> {
    /// Adds an entry behind all others.
    pub fn push_back(&mut self, item: T) {
        self.0.push(item);
    }

    /// Takes the entry that has waited longest.
    pub fn pop_front(&mut self) -> Option<T> {
        if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
    }

    /// The entries, the first in first.
    pub fn iter(&self) -> core::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `is_so` selects an entry.
    pub fn any(&self, is_so: fn(&T) -> bool) -> bool {
        self.0.iter().any(is_so)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_in_is_the_first_out() {
        let mut queue = Queue::default();
        let mut out = Vec::new();
        for n in 0..10 {
            queue.push_back(2 * n);
            queue.push_back(2 * n + 1);
            out.extend(queue.pop_front());
            assert_eq!(queue.len(), n + 1);
        }
        assert!(queue.any(|n| *n == 19) && !queue.any(|n| *n == 9));
        out.extend(core::iter::from_fn(|| queue.pop_front()));
        assert_eq!(out, (0..20).collect::<Vec<_>>());
        assert!(queue.is_empty());
    }
}
