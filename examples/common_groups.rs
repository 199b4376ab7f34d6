//! Counts how common groups of four bytes are in logs, for the choice of what the search looks at:
//! `cargo run --release --example common_groups -- src/rule/sieve/grams.bin LOGS..`.
//!
//! A log that failed is healthy but for a few lines, so that any logs will do: the more kinds, the better.

use std::io::{self, Read};
use std::{env, fs};

use walkdir::WalkDir;

/// How many bits a group is hashed to; as in `src/rule/sieve`.
const BITS: u32 = 16;

/// What counts are scaled to, in bytes.
const UNIT: f64 = 64.0 * 1024.0 * 1024.0;

/// So much of each file is read, so that one large log does not outweigh all others.
const FILE_BYTES_MAX: u64 = 4 << 20;

fn main() -> io::Result<()> {
    let mut counts = vec![0_u64; 1 << BITS];
    let mut total = 0.0;
    let mut arguments = env::args_os().skip(1);
    let Some(table) = arguments.next() else { return Err(io::Error::other("the file to write, then logs")) };
    for path in arguments {
        for entry in WalkDir::new(path).sort_by_file_name().into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
            let mut bytes = Vec::new();
            fs::File::open(entry.path())?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
            for group in bytes.windows(4).filter_map(|group| group.try_into().ok()) {
                let hash = (u32::from_le_bytes(group) | 0x2020_2020).wrapping_mul(0x9e37_79b1);
                if let Some(count) = counts.get_mut((hash >> (u32::BITS - BITS)) as usize) {
                    *count += 1;
                }
            }
            total += bytes.len() as f64;
        }
    }
    let logarithm = |count: u64| (1.0 + count as f64 * UNIT / f64::max(total, 1.0)).log2().round() as u8;
    fs::write(table, counts.into_iter().map(logarithm).collect::<Vec<u8>>())
}
