//! Masking: what looks like a secret is shown as `***`, as Airflow itself shows masked values.
//!
//! This is the one place of it. Rules see a log as it is written; whatever leaves the program, to a terminal, a file or a standard stream,
//! goes through [`Mask::apply`] first, and then through the escaping of its format, which could otherwise hide a secret from it. What a pattern
//! looks for stands in `patterns`, what is none after all in `judge`.
//!
//! A text is looked through for the few words that announce each pattern, and only what is announced is compiled and run: a report without
//! anything secret in it compiles next to nothing, and a healthy log is never looked at.

mod announced;
mod judge;
mod patterns;

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::{Captures, Regex};

use crate::error::Error;

use announced::Announced;
use patterns::{EMAIL, PATTERNS};

/// What to mask besides what is known to be secret, or whether to mask at all.
#[derive(Debug, Clone, Default)]
pub struct Masking {
    /// Nothing is masked.
    pub off: bool,
    /// Addresses of persons too.
    pub emails: bool,
    /// Regular expressions of one's own: what they match is masked, or of it what their group `secret` holds.
    pub own: Vec<String>,
}

/// The patterns, each compiled when a text first asks for it; one is made per run.
#[derive(Debug, Default)]
pub struct Mask {
    off: bool,
    emails: bool,
    own: Vec<Regex>,
    compiled: [OnceLock<Option<Regex>>; PATTERNS.len()],
    tokens: OnceLock<Option<Regex>>,
    email: OnceLock<Option<Regex>>,
    /// A pattern or form of token that a test goes without.
    #[cfg(test)]
    without: Option<&'static str>,
}

impl Mask {
    /// A mask as it was asked for.
    ///
    /// # Errors
    /// [`Error::Usage`] for an expression that is none, or that matches where nothing stands.
    pub fn new(masking: &Masking) -> Result<Self, Error> {
        let compile = |text: &String| {
            let wrong = |why: &str| Error::Usage(format!("--mask {text}: {why}; write a regular expression, such as 'EMP-[0-9]{{6}}'"));
            let regex = Regex::new(text).map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => wrong("it is too big"),
                error => wrong(error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ")),
            })?;
            if regex.is_match("") { Err(wrong("it matches an empty text")) } else { Ok(regex) }
        };
        let own = masking.own.iter().map(compile).collect::<Result<Vec<Regex>, Error>>()?;
        Ok(Self { off: masking.off, emails: masking.emails, own, ..Self::default() })
    }

    /// The text with its secrets masked.
    #[must_use]
    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.off || text.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = Cow::Borrowed(text);
        for own in &self.own {
            replace(&mut masked, own, |found, _, _| Some(whole_or(found, found.name("secret"))));
        }
        // Nothing that a pattern leaves in place can announce another one: the text is looked through once.
        let found = Announced::of(text);
        for (at, (pattern, compiled)) in PATTERNS.iter().zip(&self.compiled).enumerate() {
            if self.has(pattern.name) && found.pattern(at) {
                // The patterns are constants and a test compiles each of them: none is left out here.
                let Some(regex) = compiled.get_or_init(|| Regex::new(pattern.regex).ok()) else { continue };
                replace(&mut masked, regex, |found, text, end| (pattern.judge)(found, text, end).then(|| replacement(found)));
            }
        }
        if found.token()
            && let Some(regex) = self.tokens.get_or_init(|| Regex::new(&patterns::of_tokens(|token| self.has(token.name))).ok())
        {
            replace(&mut masked, regex, |found, _, _| {
                Some(judge::group(found, "k").to_owned() + &patterns::without_token(judge::group(found, "token"))?)
            });
        }
        if self.emails
            && found.email()
            && let Some(regex) = self.email.get_or_init(|| Regex::new(EMAIL.regex).ok())
        {
            replace(&mut masked, regex, |found, text, end| (EMAIL.judge)(found, text, end).then(|| replacement(found)));
        }
        masked
    }

    #[cfg(test)]
    fn has(&self, name: &str) -> bool {
        self.without != Some(name)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "a test goes without one")]
    fn has(&self, _: &str) -> bool {
        true
    }
}

/// Replaces what an expression finds by what is said of it and of the text that it ends in; `None` leaves it.
fn replace(text: &mut Cow<'_, str>, regex: &Regex, says: impl Fn(&Captures<'_>, &str, usize) -> Option<String>) {
    let replaced = regex.replace_all(text, |found: &Captures<'_>| {
        let whole = found.get(0);
        let end = whole.map_or(0, |whole| whole.end());
        says(found, text, end).unwrap_or_else(|| whole.map_or("", |whole| whole.as_str()).to_owned())
    });
    if let Cow::Owned(replaced) = replaced {
        *text = Cow::Owned(replaced);
    }
}

/// What a user's own expression found, without the part of it that is secret.
fn whole_or(found: &Captures<'_>, secret: Option<regex::Match<'_>>) -> String {
    let Some(whole) = found.get(0) else { return String::new() };
    let secret = secret.unwrap_or(whole);
    let text = whole.as_str();
    let (from, to) = (secret.start() - whole.start(), secret.end() - whole.start());
    format!("{}***{}", text.get(..from).unwrap_or_default(), text.get(to..).unwrap_or_default())
}

/// What stands in the place of a secret, with what announced it.
fn replacement(found: &Captures<'_>) -> String {
    let value = judge::group(found, "v");
    let (before, quote) = judge::opening(value);
    // A quoted value ends with its quote, written as it began: `\"` in JSON inside JSON.
    format!("{}{before}{quote}***{quote}{}", judge::group(found, "k"), judge::group(found, "t"))
}

/// A pattern's decision on what it found, within the text, and where in that it ends: `true` masks.
type Judge = fn(&Captures<'_>, &str, usize) -> bool;

#[cfg(test)]
mod tests;
