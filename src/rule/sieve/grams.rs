//! How common groups of four bytes are in healthy logs.

/// The commonest groups, letters in one case, in the order of their values: four bytes of the group and the logarithm to the base 2 of how often
/// it stands in 64 MiB of healthy logs. `cargo run --release --example common_groups -- src/rule/sieve/grams.bin LOGS..` makes it.
const COMMON: &[u8] = include_bytes!("grams.bin");

/// How often a group stands in healthy logs, in no particular unit; 1 for one that is rare.
pub(super) fn weight(group: u32) -> u32 {
    let (common, _) = COMMON.as_chunks::<5>();
    let value = |[a, b, c, d, _]: &[u8; 5]| u32::from_le_bytes([*a, *b, *c, *d]);
    common.binary_search_by_key(&group, value).ok().and_then(|at| common.get(at)).map_or(1, |[.., logarithm]| 1 << (*logarithm).min(31))
}
