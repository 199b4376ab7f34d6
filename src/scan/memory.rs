//! What one scan leaves for the next: what was read, by what it is known again, and what it said. Where it is kept is somebody else's business.

use std::fmt::Debug;

use super::FailureRecord;
use crate::record::{Endpoint, Target};
use crate::source::{Print, Stat};

/// Keeps what scans have read. Asked and told from all threads of a scan.
pub trait Memory: Debug + Sync {
    /// Files that were read before with the same rules and options, and may be the one that is looked for.
    fn recall(&self, by: By<'_>) -> Vec<Remembered>;

    /// Keeps what was read of a file, in place of what was known of its path.
    fn keep(&self, file: Remembered);

    /// The file of that path is as it was kept.
    fn is_unchanged(&self, path: &str);

    /// Takes out of a text what must not be kept.
    fn clean(&self, text: &mut String);
}

/// By what a file is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By<'a> {
    /// The path under which it was read.
    Path(&'a str),
    /// The numbers that the file system gave it: it may have been renamed.
    Inode {
        /// See [`Stat::device`].
        device: u64,
        /// See [`Stat::inode`].
        inode: u64,
    },
    /// How it begins (see [`Print::head`]): it may have been copied.
    Head(u32),
    /// The check and the length of the text in it: it may have been compressed.
    Text {
        /// The text's CRC-32.
        crc: u32,
        /// Its length in bytes.
        bytes: u64,
    },
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Where it really is.
    pub path: String,
    /// What the file system said of it, just before it was read.
    pub stat: Stat,
    /// How it began and ended then.
    pub print: Print,
    /// The CRC-32 of the text in it and its length, if it is one log.
    pub text: Option<(u32, u64)>,
    /// How many logs it holds.
    pub logs: u64,
    /// What they said: JSON lines, packed by zstd where they are long, and their CRC-32 behind. Only the program that wrote it reads it.
    pub scan: Vec<u8>,
    /// Behind how many bytes reading goes on if it grows, and what was known there; `None` where it has to be read anew.
    pub resume: Option<(u64, Vec<u8>)>,
}

/// Cleans what was taken apart as it stood in the log. What exceptions say, behind their classes: a class may announce a secret, or be none but how an
/// address begins. The paths of calls, behind their hosts: some are secret there alone.
pub(super) fn clean_failures(failures: &mut [FailureRecord], memory: &dyn Memory) {
    for failure in failures {
        for exception in &mut failure.chain.exceptions {
            for between in [":", ": "] {
                exception.message = cleaned_behind(&format!("{}{between}", exception.class), &exception.message, memory);
            }
            // A token with a point in it looks like a class with its module.
            if let Some(module) = &exception.module {
                let whole = format!("{module}.{}", exception.class);
                let mut cleaned = whole.clone();
                memory.clean(&mut cleaned);
                if cleaned != whole {
                    (exception.module, exception.class) = (None, cleaned);
                }
            }
        }
        if let Some(Endpoint { target: Target::Address { host, .. }, path: Some(path) }) = &mut failure.call.endpoint {
            *path = cleaned_behind(host, path, memory);
        }
    }
}

/// A text, cleaned behind what stood before it; with that, if it is part of the secret.
fn cleaned_behind(before: &str, text: &str, memory: &dyn Memory) -> String {
    let mut whole = format!("{before}{text}");
    memory.clean(&mut whole);
    match whole.strip_prefix(before) {
        Some(text) => text.to_owned(),
        None => whole,
    }
}
