//! What waits for its turn.

use alloc::vec::Vec;

/// First in, first out. A `VecDeque` costs the WebAssembly build about 500 bytes for each kind of entry; this a third.
#[derive(Debug)]
pub struct Queue<T> {
    /// Those that came first, the next one last.
    front: Vec<T>,
    back: Vec<T>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { front: Vec::new(), back: Vec::new() }
    }
}

impl<T> Queue<T> {
    /// Behind all others.
    pub fn push_back(&mut self, item: T) {
        self.back.push(item);
    }

    /// The one that has waited longest.
    pub fn pop_front(&mut self) -> Option<T> {
        if self.front.is_empty() {
            core::mem::swap(&mut self.front, &mut self.back);
            self.front.reverse();
        }
        self.front.pop()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.front.len().saturating_add(self.back.len())
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is so of one that waits.
    pub fn any(&self, is_so: fn(&T) -> bool) -> bool {
        self.front.iter().any(is_so) || self.back.iter().any(is_so)
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
