//! What an archive may ask of the machine. Archives come from others, and a few kilobytes can claim to be petabytes.

use std::cell::Cell;

/// How deep archives may lie in archives; a `.tar.gz` counts as one. A log collection in a bundle in an artifact is three.
pub const ARCHIVE_DEPTH_MAX: u32 = 3;

/// How many members are looked at in one input. A busy installation writes 100,000 task logs a day.
pub const MEMBERS_MAX: u64 = 200_000;

/// The longest member that is read, decompressed. The largest sensible logs are a hundredth of it.
pub const MEMBER_BYTES_MAX: u64 = 4 << 30;

/// How much is decompressed of one input: minutes of work, not hours.
pub const TOTAL_BYTES_MAX: u64 = 64 << 30;

/// How many bytes one compressed byte may become. Deflate itself ends at 1032; logs reach 10 to 100, and only archives in
/// archives go beyond.
pub const RATIO_MAX: u64 = 1000;

/// What is decompressed before the ratio counts: a small archive does no harm at any ratio.
pub const RATIO_FREE_BYTES: u64 = 16 << 20;

/// The largest zip archive that is read where it cannot be sought in: in another archive, or from standard input. A zip's
/// table of contents is at its end, so all of it has to be held.
pub const HELD_ZIP_BYTES_MAX: u64 = 256 << 20;

/// [`MEMBER_BYTES_MAX`] as the flag says it.
pub const MEMBER_SIZE_MAX: &str = "4GiB";

/// [`TOTAL_BYTES_MAX`] as the flag says it.
pub const TOTAL_SIZE_MAX: &str = "64GiB";

/// [`HELD_ZIP_BYTES_MAX`] as the flag says it.
pub const HELD_ZIP_SIZE_MAX: &str = "256MiB";

/// The units of sizes, with how many bytes each has as a power of two.
const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];

/// Reads a size such as `512MiB`, `2 GiB` or `4096`, a number of bytes. Units may be written in small letters.
#[must_use]
pub fn bytes_of(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit.trim_start() {
        "" | "B" => Some(number),
        unit => {
            let (_, power) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
            number.checked_mul(1 << power)
        }
    }
}

/// Writes a size with the largest unit in which it is a whole number.
pub(super) fn size_of(bytes: u64) -> String {
    match UNITS.iter().find(|(_, power)| bytes > 0 && bytes.is_multiple_of(1 << power)) {
        Some((unit, power)) => format!("{} {unit}", bytes >> power),
        None => format!("{bytes} bytes"),
    }
}

/// The limits of reading one input, each with its constant as default. Sizes are in bytes.
#[derive(Debug, Clone)]
pub struct Limits {
    /// See [`ARCHIVE_DEPTH_MAX`].
    pub archive_depth_max: u32,
    /// See [`MEMBERS_MAX`].
    pub members_max: u64,
    /// See [`MEMBER_BYTES_MAX`].
    pub member_bytes_max: u64,
    /// See [`TOTAL_BYTES_MAX`].
    pub total_bytes_max: u64,
    /// See [`RATIO_MAX`].
    pub ratio_max: u64,
    /// See [`RATIO_FREE_BYTES`].
    pub ratio_free_bytes: u64,
    /// See [`HELD_ZIP_BYTES_MAX`].
    pub held_zip_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            archive_depth_max: ARCHIVE_DEPTH_MAX,
            members_max: MEMBERS_MAX,
            member_bytes_max: MEMBER_BYTES_MAX,
            total_bytes_max: TOTAL_BYTES_MAX,
            ratio_max: RATIO_MAX,
            ratio_free_bytes: RATIO_FREE_BYTES,
            held_zip_bytes_max: HELD_ZIP_BYTES_MAX,
        }
    }
}

/// How much of one input may still be decompressed. All layers draw on it, so a bomb within a bomb is one bomb.
pub(super) struct Budget {
    left: Cell<u64>,
    spent_up: Cell<bool>,
    by_ratio: bool,
    limits: Limits,
}

impl Budget {
    /// A budget for an input of `bytes`, where its size is known: standard input has none, and no ratio.
    pub(super) fn new(limits: &Limits, bytes: Option<u64>) -> Self {
        let by_ratio = bytes.map_or(u64::MAX, |bytes| limits.ratio_free_bytes.max(bytes.saturating_mul(limits.ratio_max)));
        let left = Cell::new(limits.total_bytes_max.min(by_ratio));
        Self { left, spent_up: Cell::new(false), by_ratio: by_ratio < limits.total_bytes_max, limits: limits.clone() }
    }

    /// Draws on it. What goes beyond it fails, and sets [`Self::is_spent_up`].
    pub(super) fn spend(&self, bytes: u64) -> std::io::Result<()> {
        match self.left.get().checked_sub(bytes) {
            Some(left) => self.left.set(left),
            None => {
                self.spent_up.set(true);
                return Err(super::stream::OVER_BUDGET.into());
            }
        }
        Ok(())
    }

    /// Draws as much of `bytes` as is left.
    pub(super) fn spend_up_to(&self, bytes: u64) -> u64 {
        let given = bytes.min(self.left.get());
        self.left.set(self.left.get() - given);
        if given < bytes {
            self.spent_up.set(true);
        }
        given
    }

    pub(super) fn is_spent_up(&self) -> bool {
        self.spent_up.get()
    }

    /// What went beyond, as a sentence.
    pub(super) fn says(&self) -> String {
        if self.by_ratio {
            let ratio = self.limits.ratio_max;
            format!("decompresses to more than {ratio} times its size, as no log does; the rest was left out (--max-ratio reads more)")
        } else {
            let size = size_of(self.limits.total_bytes_max);
            format!("decompresses to more than {size}; the rest was left out (--max-unpacked reads more)")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, want) in [
            ("0", Some(0)),
            ("4096", Some(4096)),
            ("10B", Some(10)),
            ("1KiB", Some(1 << 10)),
            ("3 mib", Some(3 << 20)),
            ("2GiB", Some(2 << 30)),
            ("1TiB", Some(1 << 40)),
            ("", None),
            ("GiB", None),
            ("1.5GiB", None),
            ("1GB", None),
            ("-1", None),
            ("99999999999TiB", None),
            ("18446744073709551616", None),
        ] {
            assert_eq!(bytes_of(text), want, "{text}");
        }
        for text in [MEMBER_SIZE_MAX, TOTAL_SIZE_MAX, HELD_ZIP_SIZE_MAX, "7 bytes", "0 bytes", "1536 KiB"] {
            let bytes = bytes_of(text.trim_end_matches("ytes")).unwrap_or_else(|| bytes_of(&text.replace(" bytes", "")).unwrap_or(1));
            assert_eq!(size_of(bytes).replace(' ', ""), text.replace(' ', ""));
        }
        let own = [MEMBER_SIZE_MAX, TOTAL_SIZE_MAX, HELD_ZIP_SIZE_MAX].map(bytes_of);
        assert_eq!(own, [MEMBER_BYTES_MAX, TOTAL_BYTES_MAX, HELD_ZIP_BYTES_MAX].map(Some));
    }
}
