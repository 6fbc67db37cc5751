//! The rules of the ledger.

use super::ledger::Ledger;
use super::sight::{Guest, Sight};
use super::verdict::Wrong;
use signalpost_native::LeaveReason;

/// A guest who came and went, of whom observer 0 saw these.
fn wrongs(sights: &[Sight], listed: &[Guest], is_calm: bool) -> Vec<Wrong> {
    let mut ledger = Ledger::new(1, 1);
    ledger.entering(1, 1);
    ledger.entered(2, 1);
    ledger.going(3, 1, LeaveReason::Closed);
    (4..).zip(sights).for_each(|(at, sight)| ledger.saw(at, 0, 1, sight));
    ledger.finish(listed, is_calm).wrongs.keys().copied().collect()
}

fn left() -> Sight {
    Sight::Left("closed".into())
}

#[test]
fn coming_and_going_once_is_right() {
    assert_eq!(wrongs(&[Sight::Joined, left()], &[], true), []);
    assert_eq!(wrongs(&[Sight::Joined, Sight::Away, Sight::Back, Sight::Away, left()], &[], true), []);
}

#[test]
fn what_comes_twice_or_out_of_order_is_found() {
    for sights in [
        &[Sight::Joined, left(), left()][..],
        &[Sight::Joined, Sight::Joined, left()],
        &[left()],
        &[Sight::Joined, Sight::Back, left()],
        &[Sight::Joined, Sight::Away, Sight::Away, left()],
    ] {
        assert_eq!(wrongs(sights, &[], false), [Wrong::Twice], "{sights:?}");
    }
    let again = [Sight::Joined, left(), Sight::Joined];
    assert_eq!(wrongs(&again, &[], false), [Wrong::Twice, Wrong::NotGone]);
}

#[test]
fn a_guest_who_is_gone_and_still_there_is_found() {
    assert_eq!(wrongs(&[Sight::Joined], &[], false), [Wrong::NotGone]);
    assert_eq!(wrongs(&[Sight::Joined, left()], &[1], false), [Wrong::Listed]);
}

/// Guest 1 comes at 10 and goes at 50. Guests 3 and 5, of the same room, and 4 come meanwhile and are seen.
fn left_out(seen: &[(u64, Guest)]) -> (Vec<Wrong>, Vec<usize>) {
    let mut ledger = Ledger::new(1, 2);
    ledger.entering(9, 1);
    ledger.entered(10, 1);
    for (guest, at) in [(3, 20), (4, 20), (5, 30)] {
        ledger.entering(at, guest);
        ledger.entered(at + 1, guest);
    }
    seen.iter().for_each(|(at, guest)| ledger.saw(*at, 0, *guest, &Sight::Joined));
    ledger.going(50, 1, LeaveReason::Left);
    for (_, guest) in seen {
        ledger.going(60, *guest, LeaveReason::Left);
        ledger.saw(61, 0, *guest, &Sight::Left("left".into()));
    }
    let verdict = ledger.finish(&[], true);
    (verdict.wrongs.into_keys().collect(), verdict.left_out)
}

#[test]
fn a_guest_is_left_out_only_where_the_news_are_late() {
    assert_eq!(left_out(&[]), (vec![], vec![4]));
    assert_eq!(left_out(&[(25, 3), (35, 5)]), (vec![Wrong::Missed], vec![2]));
    // Both waited, and came together; or the other room alone has newer news.
    assert_eq!(left_out(&[(35, 3), (36, 5)]), (vec![], vec![2]));
    assert_eq!(left_out(&[(25, 3), (35, 4)]), (vec![], vec![2]));
}

#[test]
fn a_wrong_reason_and_a_leave_of_one_who_is_there_are_found() {
    let lost = [Sight::Joined, Sight::Left("lost".into())];
    assert_eq!(wrongs(&[Sight::Joined, Sight::Left("left".into())], &[], false), [Wrong::Reason]);
    assert_eq!((wrongs(&lost, &[], true), wrongs(&lost, &[], false)), (vec![Wrong::Reason], vec![]));
    let mut ledger = Ledger::new(1, 1);
    ledger.entering(1, 1);
    ledger.entered(2, 1);
    ledger.saw(3, 0, 1, &Sight::Joined);
    assert_eq!(ledger.under_way(), 0);
    ledger.saw(4, 0, 1, &left());
    assert_eq!(ledger.finish(&[], true).wrongs.into_keys().collect::<Vec<_>>(), [Wrong::Early]);
}

#[test]
fn who_began_another_session_learns_from_a_list_who_is_gone() {
    let mut ledger = Ledger::new(1, 1);
    ledger.entering(1, 1);
    ledger.saw(2, 0, 1, &Sight::Joined);
    ledger.session_lost(0, None);
    ledger.going(3, 1, LeaveReason::Left);
    ledger.saw(4, 0, 1, &Sight::Left("lost".into()));
    assert_eq!(ledger.finish(&[], true).wrongs.into_keys().collect::<Vec<_>>(), [Wrong::SessionLost]);
}

#[test]
fn guests_whose_going_is_not_seen_yet_are_under_way() {
    let mut ledger = Ledger::new(2, 1);
    ledger.entering(1, 1);
    ledger.saw(2, 0, 1, &Sight::Joined);
    ledger.going(3, 1, LeaveReason::Left);
    assert_eq!(ledger.under_way(), 1);
    ledger.saw(4, 1, 1, &Sight::Joined);
    ledger.saw(5, 0, 1, &Sight::Away);
    assert_eq!(ledger.under_way(), 2);
    for observer in [0, 1] {
        ledger.saw(6, observer, 1, &Sight::Left("left".into()));
    }
    assert_eq!(ledger.under_way(), 0);
}
