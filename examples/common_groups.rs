//! Counts how common groups of four bytes are in logs, for the choice of what the search looks at:
//! `cargo run --release --example common_groups -- src/rule/grams.bin LOGS..`.
//!
//! Logs with a traceback are left out: what stands in them is what is looked for.

use std::collections::HashMap;
use std::io::{self, Read};
use std::{env, fs};

use walkdir::WalkDir;

/// How many groups are kept: those that stand once in some thousand lines, and commoner ones.
const GROUPS_MAX: usize = 16_384;

/// What counts are scaled to, in bytes.
const UNIT: f64 = 64.0 * 1024.0 * 1024.0;

/// So much of each file is read, so that one large log does not outweigh all others.
const FILE_BYTES_MAX: u64 = 4 << 20;

fn main() -> io::Result<()> {
    let mut arguments = env::args_os().skip(1);
    let Some(table) = arguments.next() else { return Err(io::Error::other("give the file to write, then logs")) };
    let mut counts: HashMap<u32, u64> = HashMap::new();
    let mut total = 0;
    for path in arguments {
        for entry in WalkDir::new(path).sort_by_file_name().into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
            let mut bytes = Vec::new();
            let length = fs::File::open(entry.path())?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
            if ["Traceback (most", "\"error_detail\""].iter().any(|sign| memchr::memmem::find(&bytes, sign.as_bytes()).is_some()) {
                continue;
            }
            total += length;
            for group in bytes.windows(4).filter_map(|group| group.try_into().ok()) {
                *counts.entry(u32::from_le_bytes(group) | 0x2020_2020).or_default() += 1;
            }
        }
    }
    let mut groups: Vec<(u32, u64)> = counts.into_iter().collect();
    groups.sort_unstable_by_key(|(group, count)| (u64::MAX - count, *group));
    groups.truncate(GROUPS_MAX);
    groups.sort_unstable();
    let logarithm = |count: u64| (1.0 + count as f64 * UNIT / total.max(1) as f64).log2().round() as u8;
    let rows = groups.into_iter().flat_map(|(group, count)| group.to_le_bytes().into_iter().chain([logarithm(count)]));
    fs::write(table, rows.collect::<Vec<u8>>())
}
