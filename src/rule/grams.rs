//! How common groups of four bytes are in healthy logs.

/// The commonest groups, letters in one case, in the order of their values: four bytes of the group and the logarithm to the base 2 of how often
/// it stands in 64 MiB of healthy logs. `cargo run --release --example common_groups -- src/rule/grams.bin LOGS..` makes it.
const COMMON: &[u8] = include_bytes!("grams.bin");

/// How often a group stands in healthy logs, in no particular unit; 1 for one that is rare.
pub(crate) fn weight(group: u32) -> u32 {
    let (common, _) = COMMON.as_chunks::<5>();
    let value = |[a, b, c, d, _]: &[u8; 5]| u32::from_le_bytes([*a, *b, *c, *d]);
    common.binary_search_by_key(&group, value).ok().and_then(|at| common.get(at)).map_or(1, |[.., logarithm]| 1 << (*logarithm).min(31))
}

/// Puts ASCII letters into one case. It confuses a few other characters too.
pub(crate) const FOLD: u32 = 0x2020_2020;

/// The groups of some bytes, in their order, letters in one case.
pub(crate) fn groups(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.windows(4).filter_map(|group| Some(u32::from_le_bytes(group.try_into().ok()?) | FOLD))
}

/// How often the rarest group of a text's bytes stands in healthy logs, in no particular unit; `None` where it has no whole group.
pub(crate) fn rarest(text: &[u8]) -> Option<u32> {
    groups(text).map(weight).min()
}
