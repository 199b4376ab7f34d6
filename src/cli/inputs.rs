//! The flags that say which logs are read, how much of what is packed, and what of it is shown masked.

use clap::Args;

use crate::report::Masking;
use crate::source::{Limits, limits};

/// Which logs are read, besides those that are named.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = super::READ)]
pub struct InputArgs {
    /// Only logs last written at this date or time or after it
    ///
    /// Such as 2026-11-20 or 2026-11-20T06:00 (in --timezone). Those whose name gives their run a later date are read too.
    #[arg(long, value_name = "DATE")]
    pub since: Option<String>,

    /// Look for failed attempts only, and read of healthy ones only the ends
    ///
    /// Of a long log whose end proves that its attempt succeeded, only the beginning and the end are read. What fails is told as without it; what healthy
    /// attempts show, and which endpoints they used, is not known then.
    #[arg(long)]
    pub quick: bool,

    /// Read the files, folders and objects that FILE names too, one a line; - for standard input
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub files_from: Option<String>,

    /// The names of --files-from end with NUL, as "find -print0" writes them
    #[arg(short = '0', long, requires = "files_from", hide_short_help = true)]
    pub null: bool,
}

/// What is shown as `***`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Secrets")]
pub struct MaskArgs {
    /// Mask what this regular expression matches too
    ///
    /// Or of it what its group (?<secret>..) holds. May be given several times.
    #[arg(long = "mask", value_name = "REGEX")]
    pub own: Vec<String>,

    /// Mask the names in e-mail addresses too
    #[arg(long, hide_short_help = true)]
    pub mask_emails: bool,

    /// Show passwords, tokens and keys as they stand in the logs, instead of ***; for your own eyes only
    #[arg(long, hide_short_help = true, conflicts_with_all = ["own", "mask_emails"])]
    pub no_mask: bool,
}

impl MaskArgs {
    /// What they ask for.
    #[must_use]
    pub fn masking(&self) -> Masking {
        Masking { off: self.no_mask, emails: self.mask_emails, own: self.own.clone() }
    }
}

/// How much an archive, a compressed file or a stream may hold.
#[derive(Debug, Clone, Args)]
#[command(
    next_help_heading = "Limits of each archive, compressed file or stream (beyond one the rest is left out, and the report says so)"
)]
pub struct LimitArgs {
    /// How deep archives and compressed files may lie in one another; a .tar.gz counts as one
    #[arg(long, hide_short_help = true, value_name = "N", default_value_t = limits::ARCHIVE_DEPTH_MAX)]
    pub max_depth: u32,

    /// How many members, those of archives in it included
    #[arg(long, hide_short_help = true, value_name = "N", default_value_t = limits::MEMBERS_MAX)]
    pub max_members: u64,

    /// How long one log in it may be, unpacked
    #[arg(long, hide_short_help = true, value_name = "SIZE", default_value = limits::MEMBER_SIZE_MAX, value_parser = size)]
    pub max_member_size: u64,

    /// How much is unpacked of it; and how much is read of a pipe or a device
    #[arg(long, hide_short_help = true, value_name = "SIZE", default_value = limits::TOTAL_SIZE_MAX, value_parser = size)]
    pub max_unpacked: u64,

    /// How many bytes one packed byte may become, where more than 16MiB are unpacked
    #[arg(long, hide_short_help = true, value_name = "N", default_value_t = limits::RATIO_MAX)]
    pub max_ratio: u64,

    /// The largest zip archive that is held in memory, where it stands in another archive or comes through a pipe
    #[arg(long, hide_short_help = true, value_name = "SIZE", default_value = limits::HELD_ZIP_SIZE_MAX, value_parser = size)]
    pub max_held_zip: u64,
}

impl LimitArgs {
    /// The limits that the flags name.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            archive_depth_max: self.max_depth,
            members_max: self.max_members,
            member_bytes_max: self.max_member_size,
            total_bytes_max: self.max_unpacked,
            ratio_max: self.max_ratio,
            held_zip_bytes_max: self.max_held_zip,
            ..Limits::default()
        }
    }
}

impl Default for LimitArgs {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            max_depth: limits.archive_depth_max,
            max_members: limits.members_max,
            max_member_size: limits.member_bytes_max,
            max_unpacked: limits.total_bytes_max,
            max_ratio: limits.ratio_max,
            max_held_zip: limits.held_zip_bytes_max,
        }
    }
}

fn size(text: &str) -> Result<u64, String> {
    limits::bytes_of(text).ok_or_else(|| "write a number of bytes, or one with KiB, MiB, GiB or TiB behind it, such as 512MiB".to_owned())
}
