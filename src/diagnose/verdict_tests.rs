//! Whose it is, which check decides, and the first step: on rules and probabilities made for it.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use super::*;
use crate::rule::load_text;
