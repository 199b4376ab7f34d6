//! Names of files from a list, one after another: what `find` prints.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;

use crate::error::{Error, Problem, ProblemKind};

/// A longer name than this is none: the list is something else than names.
const NAME_BYTES_MAX: u64 = 64 << 10;

/// A list of names, read as they are needed.
pub struct List {
    path: String,
    names: Box<dyn BufRead + Send>,
    end: u8,
}

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("List").field("path", &self.path).finish_non_exhaustive()
    }
}

impl List {
    /// Opens a list, `-` for standard input. Its names end with a line's end, or with NUL where `by_nul`.
    ///
    /// # Errors
    /// [`Error::Usage`] when it cannot be opened.
    pub fn open(path: &str, by_nul: bool) -> Result<Self, Error> {
        let names: Box<dyn BufRead + Send> = if path == "-" {
            Box::new(BufReader::new(io::stdin()))
        } else {
            Box::new(BufReader::new(File::open(path).map_err(|error| Error::Usage(format!("--files-from {path}: {error}")))?))
        };
        Ok(Self { path: path.to_owned(), names, end: if by_nul { 0 } else { b'\n' } })
    }

    /// The next name, or what is wrong with the list, which ends there.
    pub(super) fn next(&mut self) -> Option<Result<PathBuf, Problem>> {
        loop {
            let mut name = Vec::new();
            let problem = |kind, says| Some(Err(Problem { path: self.path.clone(), member: None, kind, says }));
            match (&mut self.names).take(NAME_BYTES_MAX).read_until(self.end, &mut name) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => {
                    let problem = problem(ProblemKind::Unreadable, format!("the list of files could not be read further: {error}"));
                    self.names = Box::new(io::empty());
                    return problem;
                }
            }
            if name.len() as u64 == NAME_BYTES_MAX && !name.ends_with(&[self.end]) {
                let wanted =
                    if self.end == 0 { "NUL; without --null they end with a line" } else { "a line; names that end with NUL want --null" };
                let problem = problem(
                    ProblemKind::Unreadable,
                    format!("no list of files: a name has more than {NAME_BYTES_MAX} bytes. Names end with {wanted}"),
                );
                self.names = Box::new(io::empty());
                return problem;
            }
            name.pop_if(|last| *last == self.end);
            if self.end == b'\n' {
                name.pop_if(|last| *last == b'\r');
            }
            if !name.is_empty() {
                return Some(Ok(path_of(name)));
            }
        }
    }
}

#[cfg(unix)]
fn path_of(name: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(name).into()
}

#[cfg(not(unix))]
fn path_of(name: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&name).into_owned().into()
}
