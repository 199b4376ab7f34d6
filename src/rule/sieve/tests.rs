//! The search against the slow way to the same answer.

use std::ops::ControlFlow;

use super::super::needed::Text;
use super::Sieve;

/// All places of all texts, by trying each text at each place.
fn slowly(texts: &[Text], bytes: &[u8]) -> Vec<(usize, usize)> {
    let at = |place: usize| {
        texts.iter().enumerate().filter(move |(_, text)| text.begins(&bytes[place..])).map(move |(number, _)| (number, place))
    };
    let mut all: Vec<_> = (0..bytes.len()).flat_map(at).collect();
    all.sort_unstable();
    all
}

fn quickly(texts: &[Text], bytes: &[u8]) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    let _: ControlFlow<()> = Sieve::new(texts.to_vec()).each(bytes, 0, |text, at| {
        all.push((text, at));
        ControlFlow::Continue(())
    });
    all.sort_unstable();
    all
}

#[test]
fn every_place_of_every_text_is_found_once() {
    // Few letters, so that texts overlap, hold each other and stand everywhere.
    let mut state = 1_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let letters = *b"abAB: \xc3\n";
    for round in 0..300 {
        let mut word = |length: u64| (0..length).map(|_| letters[next(if round % 2 == 0 { 3 } else { 8 }) as usize]).collect::<Vec<u8>>();
        let mut texts: Vec<Text> = (0..16).map(|number| Text::exact(&word(3 + number % 14))).collect();
        texts.extend((0..6).map(|number| Text::exact(&word(3 + number)).in_any_case()));
        texts.sort();
        texts.dedup();
        let bytes = word(200);
        for length in [200, 199, 198, 197, 7, 5, 3, 0] {
            assert_eq!(quickly(&texts, &bytes[..length]), slowly(&texts, &bytes[..length]), "{texts:?} in {bytes:?}");
        }
    }
}

#[test]
fn it_begins_where_it_is_told_and_ends_when_it_is_told() {
    let sieve = Sieve::new(vec![Text::exact(b"://"), Text::exact(b"Connection refused")]);
    let text = b"http://a http://b Connection refused http://c";
    let first = |from: usize| match sieve.each(text, from, |text, at| ControlFlow::Break((text, at))) {
        ControlFlow::Break(found) => Some(found),
        ControlFlow::Continue(()) => None,
    };
    assert_eq!(
        [first(0), first(5), first(14), first(19), first(42), first(99)],
        [Some((0, 4)), Some((0, 13)), Some((1, 18)), Some((0, 41)), None, None]
    );
    assert_eq!(sieve.longest(), 18);
}
