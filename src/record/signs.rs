//! What a record's raw bytes promise before it is parsed: texts of which one stands in every record that says a thing of their sort.

use super::about::ABOUT_LITERALS;
use super::call::{ENDPOINT_LITERALS, RETRY_LITERALS};
use super::lifecycle::LANDMARK_LITERALS;

/// Texts of which one stands in nearly every record with an exception.
const EXCEPTION_LITERALS: [&str; 6] =
    ["Traceback (most recent call last)", "\"error_detail\":", "error_detail=[{", "  File \"", "Error: ", "Exception: "];

/// Which sorts of things a record may say that no rule asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signs {
    /// What Airflow says of an attempt (see [`super::landmarks`]).
    pub landmark: bool,
    /// Which endpoint is used (see [`super::endpoints_in`]).
    pub endpoint: bool,
    /// That a client tries again (see [`super::retry_line`]).
    pub retry: bool,
    /// An exception.
    pub exception: bool,
}

impl Signs {
    /// Nothing is known, so that everything is possible.
    pub const ALL: Self = Self { landmark: true, endpoint: true, retry: true, exception: true };

    /// An endpoint is used, and nothing else.
    pub const ENDPOINT: Self = Self { landmark: false, endpoint: true, retry: false, exception: false };

    /// The texts that are searched for, with what each is a sign of.
    pub fn literals() -> impl Iterator<Item = (&'static str, Self)> {
        let none = Self::default();
        let landmarks = LANDMARK_LITERALS.into_iter().chain(ABOUT_LITERALS).map(move |text| (text, Self { landmark: true, ..none }));
        let endpoints = ENDPOINT_LITERALS.into_iter().map(move |text| (text, Self { endpoint: true, ..none }));
        let retries = RETRY_LITERALS.into_iter().map(move |text| (text, Self { retry: true, ..none }));
        let exceptions = EXCEPTION_LITERALS.into_iter().map(move |text| (text, Self { exception: true, ..none }));
        landmarks.chain(endpoints).chain(retries).chain(exceptions)
    }

    /// Whether there is any.
    #[must_use]
    pub fn any(self) -> bool {
        self != Self::default()
    }

    /// Adds another's.
    pub fn add(&mut self, other: Self) {
        self.landmark |= other.landmark;
        self.endpoint |= other.endpoint;
        self.retry |= other.retry;
        self.exception |= other.exception;
    }
}
