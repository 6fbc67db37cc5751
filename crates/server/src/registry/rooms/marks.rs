//! Two bits for each place of a room: where its peer stands.

/// Where a peer stands, in fact or in the eyes of a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is not in the room, or the member was not told of it.
    #[default]
    Unknown,
    Present,
    Away,
    /// It was away when the member entered, and so in no list that the member has. Only in the eyes of a member.
    Unnamed,
}

/// Sixty-four places. The bits of a place are `present` and `away`; both together are [`Standing::Unnamed`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Word {
    present: u64,
    away: u64,
}

/// Which differences are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Peers that are not in the room any more.
    Gone,
    /// All the others.
    Others,
}

/// The standing of every place. What was never set is [`Standing::Unknown`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks(Vec<Word>);

fn place(slot: u32) -> (usize, u64) {
    let word = usize::try_from(slot / 64).unwrap_or(usize::MAX);
    (word, 1 << (slot % 64))
}

impl Marks {
    pub(crate) fn standing(&self, slot: u32) -> Standing {
        let (word, bit) = place(slot);
        let Some(word) = self.0.get(word) else { return Standing::Unknown };
        match (word.present & bit != 0, word.away & bit != 0) {
            (false, false) => Standing::Unknown,
            (true, false) => Standing::Present,
            (false, true) => Standing::Away,
            (true, true) => Standing::Unnamed,
        }
    }

    pub(crate) fn set(&mut self, slot: u32, standing: Standing) {
        let (at, bit) = place(slot);
        if at >= self.0.len() {
            if standing == Standing::Unknown {
                return;
            }
            self.0.resize(at.saturating_add(1), Word::default());
        }
        let Some(word) = self.0.get_mut(at) else { return };
        word.present &= !bit;
        word.away &= !bit;
        if matches!(standing, Standing::Present | Standing::Unnamed) {
            word.present |= bit;
        }
        if matches!(standing, Standing::Away | Standing::Unnamed) {
            word.away |= bit;
        }
    }

    /// What a member knows after it was given a list, `self` being what it knew before: who is present; peers that are away
    /// are in no list, and remain away for a member that knows them as such.
    pub(crate) fn after_list(&self, facts: &Self) -> Self {
        let words = self.0.len().max(facts.0.len());
        let word = |index: usize| {
            let known: Word = self.0.get(index).copied().unwrap_or_default();
            let fact = facts.0.get(index).copied().unwrap_or_default();
            let known_away = known.away & !known.present;
            Word {
                present: fact.present | (fact.away & !known_away),
                away: fact.away | (known_away & !fact.present),
            }
        };
        Self((0..words).map(word).collect())
    }

    /// Unsets every place that is set in `others`; whether one of them was set.
    pub(crate) fn remove(&mut self, others: &Self) -> bool {
        let mut removed = 0;
        for (word, other) in self.0.iter_mut().zip(&others.0) {
            let mask = other.present | other.away;
            removed |= (word.present | word.away) & mask;
            word.present &= !mask;
            word.away &= !mask;
        }
        removed != 0
    }

    /// How many places are set.
    pub(crate) fn count(&self) -> usize {
        let ones = |word: &Word| (word.present | word.away).count_ones();
        self.0.iter().map(ones).fold(0, |all, ones| all.saturating_add(usize::try_from(ones).unwrap_or(0)))
    }

    /// Every place that is set.
    pub(crate) fn known(&self) -> impl Iterator<Item = u32> {
        self.0.iter().zip(0u32..).flat_map(|(word, at)| bits(word.present | word.away, at))
    }

    /// Returns the places in which `facts`, the present state of the room, differ from `self`, the knowledge of one member: the member
    /// needs a notice about each. A place in `renewed` needs one again if its peer is present. A peer that is away and that the member
    /// does not know needs none.
    pub(crate) fn differences(
        &self,
        facts: &Self,
        renewed: &Self,
        asked: Asked,
    ) -> impl Iterator<Item = u32> {
        let words = self.0.len().max(facts.0.len());
        let (known, facts, renewed) = (&self.0, &facts.0, &renewed.0);
        (0..words).zip(0u32..).flat_map(move |(index, at)| {
            let word = |marks: &[Word]| marks.get(index).copied().unwrap_or_default();
            let (known, fact, renewed) = (word(known), word(facts), word(renewed));
            let changed = (known.present ^ fact.present) | (known.away ^ fact.away);
            let is_gone = !fact.present & !fact.away;
            let mask = match asked {
                Asked::Gone => changed & is_gone,
                Asked::Others => {
                    let never_named = (!known.present & !known.away) | (known.present & known.away);
                    let untold = fact.away & !fact.present & never_named;
                    (changed | (renewed.present & fact.present)) & !is_gone & !untold
                }
            };
            bits(mask, at)
        })
    }
}

/// The places of the bits that are set in the word of this index.
fn bits(mut mask: u64, word: u32) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        if mask == 0 {
            return None;
        }
        let bit = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        Some(word.saturating_mul(64).saturating_add(bit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing::{Away, Present, Unknown, Unnamed};

    fn marks(standings: &[(u32, Standing)]) -> Marks {
        let mut marks = Marks::default();
        for (slot, standing) in standings {
            marks.set(*slot, *standing);
        }
        marks
    }

    #[test]
    fn a_place_holds_what_was_set_last() {
        for slot in [0, 1, 63, 64, 4_095] {
            let mut marks = Marks::default();
            for standing in [Present, Away, Unnamed, Unknown, Unnamed, Present] {
                marks.set(slot, standing);
                assert_eq!(marks.standing(slot), standing);
                assert_eq!(marks.known().count(), usize::from(standing != Unknown));
            }
            assert_eq!(marks.standing(slot + 1), Unknown);
        }
    }

    #[test]
    fn a_difference_is_what_a_member_has_to_be_told() {
        for (known, fact, told) in [
            (Unknown, Unknown, None),
            (Unknown, Present, Some(Asked::Others)),
            (Unknown, Away, None),
            (Present, Present, None),
            (Present, Away, Some(Asked::Others)),
            (Present, Unknown, Some(Asked::Gone)),
            (Away, Away, None),
            (Away, Present, Some(Asked::Others)),
            (Away, Unknown, Some(Asked::Gone)),
            (Unnamed, Away, None),
            (Unnamed, Present, Some(Asked::Others)),
            (Unnamed, Unknown, Some(Asked::Gone)),
        ] {
            let (mine, facts) = (marks(&[(70, known)]), marks(&[(70, fact)]));
            for asked in [Asked::Gone, Asked::Others] {
                let found: Vec<u32> = mine.differences(&facts, &Marks::default(), asked).collect();
                let expected = if told == Some(asked) { vec![70] } else { vec![] };
                assert_eq!(found, expected, "{known:?} {fact:?} {asked:?}");
            }
        }
    }

    #[test]
    fn what_is_removed_is_unknown_and_that_is_said() {
        let mut mine = marks(&[(1, Present), (70, Away), (200, Unnamed)]);
        assert!(!mine.remove(&marks(&[(2, Present), (900, Present)])));
        assert!(mine.remove(&marks(&[(70, Present), (200, Present)])));
        assert_eq!([1, 70, 200].map(|slot| mine.standing(slot)), [Present, Unknown, Unknown]);
    }

    #[test]
    fn what_was_renewed_is_told_again_where_it_is_present() {
        let renewed = marks(&[(3, Present)]);
        for (fact, found) in [(Present, vec![3]), (Away, vec![])] {
            let both = marks(&[(3, fact)]);
            assert_eq!(both.differences(&both, &renewed, Asked::Others).collect::<Vec<_>>(), found);
        }
    }

    #[test]
    fn a_list_names_the_present_and_says_nothing_of_the_absent() {
        for (known, fact, after) in [
            (Unknown, Present, Present),
            (Unknown, Away, Unnamed),
            (Unknown, Unknown, Unknown),
            (Present, Present, Present),
            (Present, Away, Unnamed),
            (Present, Unknown, Unknown),
            (Away, Present, Present),
            (Away, Away, Away),
            (Away, Unknown, Away),
            (Unnamed, Present, Present),
            (Unnamed, Away, Unnamed),
            (Unnamed, Unknown, Unknown),
        ] {
            let listed = marks(&[(70, known)]).after_list(&marks(&[(70, fact)]));
            assert_eq!(listed.standing(70), after, "{known:?} {fact:?}");
        }
    }
}
