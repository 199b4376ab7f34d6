//! How common groups of four bytes are in healthy logs.

/// For each hash of a group, its letters in one case, how often it stands in healthy logs: the logarithm to the base 2 of one more than its
/// count in 64 MiB. Groups that share a hash count together. `cargo run --release --example common_groups -- LOGS..` makes it.
const LOGARITHMS: &[u8; 1 << BITS] = include_bytes!("grams.bin");

/// How many bits a hash has.
const BITS: u32 = 16;

/// How often a group stands in healthy logs, in no particular unit.
pub(super) fn weight(group: u32) -> u32 {
    1 << LOGARITHMS[(super::hash(group) >> (u32::BITS - BITS)) as usize].min(31)
}
