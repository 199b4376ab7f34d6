//! The rule files below a folder, read by name. What cannot be read is told with what to do about it.

use std::fs;
use std::io;
use std::path::Path;

use walkdir::WalkDir;

use super::RuleFile;
use super::load::Read;
use super::yaml::Flaw;
use crate::error::Error;

/// A larger rule file is refused: no rule needs it, and reading it could take any time.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Reads the rule files below a folder, by name.
pub(super) fn read(dir: &Path) -> Result<Vec<Read>, Error> {
    let shown = dir.display();
    match fs::metadata(dir) {
        Err(error) => return usage(format!("--rules {shown}: {}; give a folder that holds rule files (*.yaml)", words(&error))),
        Ok(about) if !about.is_dir() => return usage(format!("--rules {shown}: not a folder; give the folder that holds the rule file")),
        Ok(_) => {}
    }
    let mut files = Vec::new();
    // Hidden entries are left out: a folder mounted from a Kubernetes ConfigMap holds every file a second time in `..data`.
    let hidden = |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".");
    let mut no_files = Vec::new();
    for entry in WalkDir::new(dir).follow_links(true).sort_by_file_name().into_iter().filter_entry(|entry| !hidden(entry)) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return unwalked(dir, &error),
        };
        let path = entry.path();
        let is_yaml =
            path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml"));
        if !is_yaml {
            continue;
        }
        let name = path.display().to_string();
        if entry.file_type().is_dir() {
            no_files.push(format!("{name} is a folder"));
            continue;
        }
        if !entry.file_type().is_file() {
            return usage(format!("{name}: a pipe, socket or device, not a file; move it out of {shown}"));
        }
        files.push(read_file(path)?);
    }
    if files.is_empty() {
        let but = no_files.first().map(|but| format!(" ({but})")).unwrap_or_default();
        return usage(format!("--rules {shown}: no rule file (*.yaml) below it{but}; rules/README.md shows how to write one"));
    }
    Ok(files)
}

/// Reads one rule file.
pub(super) fn read_file(path: &Path) -> Result<Read, Error> {
    let name = path.display().to_string();
    let bytes = match fs::metadata(path) {
        Ok(about) => about.len(),
        Err(error) => return usage(format!("{name}: {}; name a rule file", words(&error))),
    };
    if bytes > FILE_BYTES_MAX {
        return usage(format!("{name}: {bytes} bytes; a rule file may have {FILE_BYTES_MAX}. Split it, or move what is no rule elsewhere"));
    }
    match fs::read(path) {
        Ok(bytes) => Ok(text(name, bytes)),
        Err(error) => usage(format!("{name}: {}; make it readable, or move it elsewhere", words(&error))),
    }
}

fn usage<T>(says: String) -> Result<T, Error> {
    Err(Error::Usage(says))
}

/// An error of the system in its own words, without its number.
fn words(error: &io::Error) -> String {
    let says = error.to_string();
    says.split(" (os error").next().unwrap_or_default().to_owned()
}

/// What could not be walked: a folder that may not be listed, or a link.
fn unwalked(dir: &Path, error: &walkdir::Error) -> Result<Vec<Read>, Error> {
    let path = error.path().unwrap_or(dir).display();
    let below = dir.display();
    if let Some(ancestor) = error.loop_ancestor() {
        return usage(format!("{path}: a link back to {}, which holds it; remove it, or move it out of {below}", ancestor.display()));
    }
    let target = error.path().and_then(|path| fs::read_link(path).ok());
    let says = error.io_error().map(words).unwrap_or_default();
    match target {
        Some(target) => usage(format!("{path}: a link to {}: {says}; mend it, or move it out of {below}", target.display())),
        None => usage(format!("{path}: {says}; make it readable, or move it out of {below}")),
    }
}

/// The text of a file. Where it is none, what was read of it stands in for it, so that the place can be shown.
fn text(name: String, bytes: Vec<u8>) -> Read {
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) || {
        // Without its mark: every other byte of plain words is nothing.
        let head = bytes.get(..bytes.len().min(64)).unwrap_or_default();
        head.len() >= 8 && head.iter().filter(|byte| **byte == 0).count() * 5 >= head.len() * 2
    };
    if is_utf16 {
        let flaw = Flaw { span: 0..0, says: "the file is UTF-16".to_owned(), remedy: "save it as UTF-8".to_owned() };
        return Read { file: RuleFile { name, text: String::new() }, not_text: Some(flaw) };
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            // The mark that some editors put before everything belongs to no line.
            let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
            Read { file: RuleFile { name, text }, not_text: None }
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(at).copied().unwrap_or_default();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let remedy = "save the file as UTF-8; an editor that shows odd characters here has read it in another encoding".to_owned();
            let flaw =
                Flaw { span: at..at + char::REPLACEMENT_CHARACTER.len_utf8(), says: format!("the byte 0x{byte:02X} is not UTF-8"), remedy };
            Read { file: RuleFile { name, text }, not_text: Some(flaw) }
        }
    }
}
