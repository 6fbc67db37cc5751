//! Lists of peers, page by page.

use crate::registry::commands::discovery::SCAN;
use crate::registry::world_tests::{World, hello, ids, label, room};
use signalpost_protocol::Query;

#[test]
fn pages_cover_everybody_once_in_order_and_never_the_asker() {
    let mut world = World::new();
    for number in 0..250 {
        let mut hello = hello(&format!("p{number:03}"), 'k');
        hello.peer.region = Some(if number % 2 == 0 { "eu" } else { "us" }.into());
        hello.peer.capabilities = vec![if number % 3 == 0 { "video" } else { "data" }.into(), "any".into()];
        world.claim(0, number, hello);
        world.join(0, number, "r");
    }
    let walk = |world: &mut World, query: Query| {
        let (mut all, mut cursor, mut pages) = (Vec::new(), None, Vec::new());
        loop {
            let (page, next) = world.found(1, 7, Query { cursor, ..query.clone() });
            pages.push(page.len());
            all.extend(page);
            cursor = next;
            if cursor.is_none() {
                return (all, pages);
            }
        }
    };
    let (all, pages) = walk(&mut world, Query { limit: Some(u16::MAX), ..Query::default() });
    assert_eq!(pages, [100, 100, 49]);
    let expected: Vec<String> = (0..250).filter(|n| *n != 7).map(|n| format!("p{n:03}")).collect();
    assert_eq!(all, expected);
    assert_eq!(walk(&mut world, Query::default()).1.len(), 13, "20 a page");
    let filtered = Query {
        region: Some(label("eu")),
        capability: Some(label("video")),
        room: Some(room("r")),
        ..Query::default()
    };
    let expected: Vec<String> = (0..250).filter(|n| n % 6 == 0).map(|n| format!("p{n:03}")).collect();
    assert_eq!(walk(&mut world, filtered).0, expected);
    let nobody = Query { region: Some(label("mars")), ..Query::default() };
    assert_eq!(walk(&mut world, nobody).0.len(), 0);
    let page = world.join(1, 7, "r");
    let (first, cursor) = ids(&page);
    assert_eq!((first.len(), cursor.as_deref()), (100, Some("p100")));
    assert!(!first.contains(&"p007".to_owned()));
}

#[test]
fn a_listing_looks_at_a_bounded_number_and_goes_on_from_there() {
    let mut world = World::new();
    for number in 0..SCAN as u64 + 10 {
        let mut hello = hello(&format!("p{number:05}"), 'k');
        hello.peer.region = Some("eu".into());
        hello.peer.capabilities = vec!["x".into()];
        if number < SCAN as u64 + 5 {
            hello.peer.region = Some("us".into());
        }
        world.claim(0, number, hello);
    }
    // Both sets are large, what they share is far behind: make the smaller one large as well.
    for number in 10_000..13_000 {
        let mut hello = hello(&format!("z{number}"), 'k');
        hello.peer.region = Some("eu".into());
        world.claim(0, number, hello);
    }
    let query = Query { region: Some(label("eu")), capability: Some(label("x")), ..Query::default() };
    let (first, cursor) = world.found(1, 10_000, query.clone());
    assert!(first.is_empty() && cursor.is_some());
    let (second, cursor) = world.found(1, 10_000, Query { cursor, ..query });
    assert_eq!((second.len(), cursor), (5, None));
}
