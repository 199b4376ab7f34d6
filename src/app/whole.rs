//! Files that appear whole: whoever reads one sees what was there before or all of what is there now, never a part of it.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Writes a file beside the one it is to become, and renames it when all of it is on the disk. What fails leaves the old file as it was.
///
/// # Errors
/// Those of writing, and of a folder that takes no file.
pub(super) fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let Some(path) = replaceable(path)? else {
        let mut out = BufWriter::new(File::create(path)?);
        fill(&mut out)?;
        return out.flush();
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("the folder {} is not there", folder.display())));
    }
    let mut builder = tempfile::Builder::new();
    // No collector takes a name that begins so for one of its files.
    builder.prefix(".dagnosis-").suffix(".tmp");
    if let Some(permissions) = permissions() {
        builder.permissions(permissions);
    }
    let file = builder.tempfile_in(folder).map_err(|error| {
        // The name of a file that nobody asked for says nothing.
        let error = error.get_ref().and_then(|inner| inner.source()).map_or_else(|| error.to_string(), ToString::to_string);
        io::Error::other(format!("{error} (it is written to a temporary file in {} first)", folder.display()))
    })?;
    let mut out = BufWriter::new(file);
    fill(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(&path).map(|_| ()).map_err(|error| error.error)
}

/// The file that a rename replaces: behind links that which they lead to. `None` for what can only be written into, as pipes and terminals are.
fn replaceable(path: &Path) -> io::Result<Option<PathBuf>> {
    match fs::metadata(path) {
        Ok(about) if about.is_file() => fs::canonicalize(path).map(Some),
        // Opening a folder says what is wrong with it.
        Ok(_) => Ok(None),
        // A link to what is not there yet.
        Err(_) if fs::symlink_metadata(path).is_ok() => Ok(None),
        Err(_) => Ok(Some(path.to_owned())),
    }
}

/// Those of any new file: whom the user's umask lets read it may read it, such as another user's collector.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there are none")]
fn permissions() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(Permissions::from_mode(0o666))
}

/// Elsewhere a folder says who may read what is in it.
#[cfg(not(unix))]
fn permissions() -> Option<Permissions> {
    None
}
