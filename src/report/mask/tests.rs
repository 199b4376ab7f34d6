//! Secrets that must vanish, and their look-alikes, which must stay: the tables of `tests/secrets`, each pattern taken out in turn.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may fail by panicking")]

use super::patterns::TOKENS;
use std::collections::BTreeSet;

use super::*;

const SECRETS: &str = include_str!("../../../tests/secrets/secrets.txt");
const HARMLESS: &str = include_str!("../../../tests/secrets/harmless.txt");

/// The rows of the table: the name of the pattern, the text, and the text as it is shown.
fn secrets() -> Vec<(&'static str, String, String)> {
    let rows = SECRETS.lines().filter(|line| !line.starts_with('#'));
    rows.map(|line| {
        let (name, marked) = line.split_once('\t').expect("a name, a tab, a text");
        let marked = marked.replace('·', "").replace('␤', "\n");
        let mut shown = String::new();
        let mut rest = marked.as_str();
        while let Some((before, behind)) = rest.split_once('⟦') {
            let (_, after) = behind.split_once('⟧').expect("what is opened is closed");
            shown.push_str(before);
            shown.push_str("***");
            rest = after;
        }
        shown.push_str(rest);
        (name, marked.replace(['⟦', '⟧'], ""), shown)
    })
    .collect()
}

fn harmless() -> Vec<String> {
    HARMLESS.lines().filter(|line| !line.starts_with('#')).map(|line| line.replace('·', "")).collect()
}

/// What is wrong with the secrets that a mask meets: they are to be shown otherwise.
fn wrong(mask: &Mask, rows: &[(&'static str, String, String)]) -> Vec<String> {
    // A quote that was cut off is written, as any is.
    let is_shown = |masked: &str, shown: &str| masked == shown || masked.strip_suffix('"') == Some(shown);
    rows.iter()
        .filter(|(_, text, shown)| !is_shown(&mask.apply(text), shown))
        .map(|(name, text, shown)| format!("{name}: {text}\n  is    {}\n  not   {shown}", mask.apply(text)))
        .collect()
}

/// A mask with the same compiled expressions, without one of its patterns.
fn without(mask: &Mask, name: &'static str) -> Mask {
    let is_token = TOKENS.iter().any(|token| token.name == name);
    let tokens = if is_token { OnceLock::new() } else { mask.tokens.clone() };
    Mask { compiled: mask.compiled.clone(), tokens, without: Some(name), ..Mask::default() }
}

#[test]
fn every_pattern_compiles_and_says_where_its_secret_is() {
    for pattern in PATTERNS.iter().chain([&EMAIL]) {
        let regex = Regex::new(pattern.regex).unwrap_or_else(|error| panic!("{}: {error}", pattern.name));
        assert!(regex.capture_names().flatten().any(|group| group == "v"), "{}", pattern.name);
        assert!(pattern.words.iter().all(|word| **word == word.to_ascii_lowercase()), "{}", pattern.name);
    }
    Regex::new(&patterns::of_tokens(|_| true)).unwrap();
    for token in &TOKENS {
        let announced = |begin: &&str| token.words.iter().any(|word| begin.to_ascii_lowercase().contains(word));
        assert!(token.begins.iter().all(announced), "{}", token.name);
    }
}

#[test]
fn secrets_are_masked() {
    let rows = secrets();
    assert!(rows.len() >= 100, "{}", rows.len());
    let wrong = wrong(&Mask::default(), &rows);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn look_alikes_stay() {
    let rows = harmless();
    assert!(rows.len() >= 100, "{}", rows.len());
    let mask = Mask::default();
    let changed: Vec<String> =
        rows.iter().filter(|text| mask.apply(text) != **text).map(|text| format!("{text}\n  is {}", mask.apply(text))).collect();
    assert!(changed.is_empty(), "{}", changed.join("\n"));
}

#[test]
fn without_any_one_pattern_a_secret_is_seen() {
    let rows = secrets();
    let mask = Mask::default();
    assert!(wrong(&mask, &rows).is_empty());
    let names: BTreeSet<&'static str> = PATTERNS.iter().map(|pattern| pattern.name).chain(TOKENS.iter().map(|token| token.name)).collect();
    assert_eq!(names.len(), PATTERNS.len() + TOKENS.len(), "a name is given once");
    let of = |name: &str| rows.iter().filter(|(of, ..)| *of == name).cloned().collect::<Vec<_>>();
    let idle: Vec<&str> = names.iter().filter(|name| wrong(&without(&mask, name), &of(name)).is_empty()).copied().collect();
    assert!(idle.is_empty(), "nothing shows what these are for: {idle:?}");
    let unknown: Vec<&str> = rows.iter().map(|(name, ..)| *name).filter(|name| !names.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn what_is_masked_stays_as_it_is_when_it_is_masked_again() {
    let mask = Mask::default();
    for (_, text, _) in secrets() {
        let once = mask.apply(&text).into_owned();
        assert_eq!(mask.apply(&once), once, "{text}");
    }
}

#[test]
fn a_secret_that_a_limit_cut_off_is_masked() {
    let mask = Mask::default();
    let long = "x".repeat(400);
    let cut = format!("{long} postgresql://air:hunt");
    assert_eq!(mask.apply(&cut), format!("{long} postgresql://air:***"));
    let host = format!("{long} redis://cache:6379");
    assert_eq!(mask.apply(&host), host);
}

#[test]
fn addresses_are_masked_when_asked_for() {
    let mask = Mask::new(&Masking { emails: true, ..Masking::default() }).unwrap();
    for (text, shown) in [
        ("no such user: alice.b+x@mail.example.com.", "no such user: ***@mail.example.com."),
        ("a@example.com,b@example.org", "***@example.com,***@example.org"),
        ("git@ b@c @d", "git@ b@c @d"),
        ("image:1@sha256:0123", "image:1@sha256:0123"),
    ] {
        assert_eq!(mask.apply(text), shown);
        assert_eq!(Mask::default().apply(text), text);
    }
}

#[test]
fn expressions_of_ones_own_are_masked() {
    let own = |texts: &[&str]| Mask::new(&Masking { own: texts.iter().map(|text| (*text).to_owned()).collect(), ..Masking::default() });
    let mask = own(&["EMP-[0-9]{6}", "iban (?<secret>[A-Z]{2}[0-9]+)"]).unwrap();
    assert_eq!(mask.apply("EMP-123456 and EMP-654321: iban DE02120300 of x"), "*** and ***: iban *** of x");
    for (bad, why) in [("(", "unclosed group"), ("x*", "empty text"), ("a{1000}{1000}{1000}", "too big")] {
        let says = own(&[bad]).unwrap_err().to_string();
        assert!(says.starts_with(&format!("--mask {bad}: ")) && says.contains(why), "{says}");
    }
}

#[test]
fn nothing_is_masked_when_asked_for() {
    let mask = Mask::new(&Masking { off: true, ..Masking::default() }).unwrap();
    for (_, text, _) in secrets() {
        assert_eq!(mask.apply(&text), text);
    }
}
