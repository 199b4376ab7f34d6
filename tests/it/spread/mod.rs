//! Correlation on attempt tables of a few rows: both sides of every window and threshold of grouping, patterns and predicates; and its numbers
//! on larger tables, recomputed from the tables alone.

mod grouping;
mod order;
mod patterns;
mod predicates;
mod recomputed;
mod scope;
mod table;
