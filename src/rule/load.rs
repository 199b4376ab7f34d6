//! Rule files: which there are, what each one defines, and which definition of an id holds. `resolve` makes the rules of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::builtin::FILES;
use super::decode::decode;
use super::fault::{Fault, nearest, place, render, suggestion};
use super::node::{Content, Entry, Node};
use super::scenario::ScenarioSource;
use super::schema::{CauseSource, Status, SymptomSource};
use super::{RuleSet, Timer, resolve};
use crate::error::Error;

/// A larger rule file is refused: no rule needs it, and reading it could take any time.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What the names of built-in files begin with.
pub const BUILTIN: &str = "builtin:";

/// The version of the format that is understood.
const VERSION: u64 = 1;

/// A rule file's name and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// The path, or `builtin:symptoms/network.yaml` for a built-in one.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// One definition in a file.
#[derive(Debug)]
pub(super) struct Definition<T> {
    pub(super) source: T,
    /// What it was decoded from; the lists in it have the same indexes as those of `source`.
    pub(super) node: Node,
    pub(super) file: usize,
}

/// What all files define, the later sets' definitions in place of the earlier ones'.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    pub(super) symptoms: BTreeMap<String, Definition<SymptomSource>>,
    pub(super) causes: BTreeMap<String, Definition<CauseSource>>,
    pub(super) timers: BTreeMap<String, Definition<Timer>>,
    pub(super) scenarios: BTreeMap<String, Definition<ScenarioSource>>,
    /// Every id that any file defines, also those that are switched off, drafts, or wrong.
    pub(super) known: BTreeMap<Section, BTreeSet<String>>,
    pub(super) faults: Vec<Fault>,
}

/// The lists that a rule file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Symptoms,
    Causes,
    Timers,
    Scenarios,
}

/// Loads the built-in rules, if wanted, and then each folder's; a later definition of an id replaces an earlier one.
///
/// # Errors
/// [`Error::Usage`] for a folder that cannot be read or has no rule file, [`Error::Rules`] with all faults of all files.
pub fn load(dirs: &[PathBuf], builtin: bool) -> Result<RuleSet, Error> {
    load_also(dirs, &[], builtin)
}

/// Loads rules as [`load`] does, and then those of single files, as far as none of the folders holds them.
///
/// # Errors
/// As [`load`].
pub fn load_also(dirs: &[PathBuf], also: &[PathBuf], builtin: bool) -> Result<RuleSet, Error> {
    let mut sets: Vec<Vec<RuleFile>> = Vec::new();
    if builtin {
        sets.push(FILES.iter().map(|(name, text)| RuleFile { name: format!("{BUILTIN}{name}"), text: (*text).to_owned() }).collect());
    }
    for dir in dirs {
        sets.push(read_dir(dir)?);
    }
    let is_known = |file: &PathBuf| {
        let real = std::fs::canonicalize(file).ok();
        let known = sets.iter().flatten().map(|known| known.name.as_str());
        known.into_iter().any(|known| Path::new(known) == file || (real.is_some() && std::fs::canonicalize(known).ok() == real))
    };
    let also = also.iter().filter(|file| !is_known(file)).map(|file| read_file(file)).collect::<Result<Vec<_>, _>>()?;
    if !also.is_empty() {
        sets.push(also);
    }
    load_sets(sets, builtin)
}

/// Loads one text as the only rule file.
///
/// # Errors
/// [`Error::Rules`] with all its faults.
pub fn load_text(name: &str, text: &str) -> Result<RuleSet, Error> {
    load_sets(vec![vec![RuleFile { name: name.to_owned(), text: text.to_owned() }]], false)
}

/// Loads sets of files in order, the first being the built-in one if `builtin`.
fn load_sets(sets: Vec<Vec<RuleFile>>, builtin: bool) -> Result<RuleSet, Error> {
    let mut files: Vec<RuleFile> = Vec::new();
    let mut all = Definitions::default();
    for (number, set) in sets.into_iter().enumerate() {
        let mut seen = BTreeMap::new();
        let mut disabled = Vec::new();
        let first = files.len();
        files.extend(set);
        let mut reader =
            Reader { files: &files, file: 0, all: &mut all, seen: &mut seen, disabled: &mut disabled, drafts: !(builtin && number == 0) };
        let mut found = Found::default();
        for file in first..files.len() {
            reader.file = file;
            reader.read(&mut found);
        }
        for (id, span, file) in disabled {
            let known = all.known.values().any(|ids| ids.contains(&id));
            if !known {
                let remedy = suggestion(&id, all.known.values().flat_map(|ids| ids.iter().map(String::as_str)));
                all.faults.push(Fault { file, span, says: format!("`disable` names `{id}`, which does not exist"), remedy });
            }
            all.symptoms.remove(&id);
            all.causes.remove(&id);
            all.timers.remove(&id);
            all.scenarios.remove(&id);
        }
        all.symptoms.extend(found.symptoms);
        all.causes.extend(found.causes);
        all.timers.extend(found.timers);
        all.scenarios.extend(found.scenarios);
    }
    resolve::resolve(all, &files).map_err(|faults| Error::Rules(render(faults, &files))).map(|mut rules| {
        rules.files = files;
        rules
    })
}

/// What the files of one set define.
#[derive(Default)]
struct Found {
    symptoms: BTreeMap<String, Definition<SymptomSource>>,
    causes: BTreeMap<String, Definition<CauseSource>>,
    timers: BTreeMap<String, Definition<Timer>>,
    scenarios: BTreeMap<String, Definition<ScenarioSource>>,
}

/// Reads the files of one set.
struct Reader<'a> {
    files: &'a [RuleFile],
    file: usize,
    all: &'a mut Definitions,
    /// Where this set defines an id.
    seen: &'a mut BTreeMap<(Section, String), (usize, usize)>,
    disabled: &'a mut Vec<(String, Range<usize>, usize)>,
    /// Whether drafts are wanted.
    drafts: bool,
}

impl Reader<'_> {
    fn fault(&mut self, span: Range<usize>, says: impl Into<String>, remedy: impl Into<String>) {
        self.all.faults.push(Fault { file: self.file, span, says: says.into(), remedy: remedy.into() });
    }

    fn read(&mut self, found: &mut Found) {
        let files = self.files;
        let Some(RuleFile { text, .. }) = files.get(self.file) else { return };
        let value = match serde_yaml::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                self.all.faults.push(syntax_fault(self.file, text, &error));
                return;
            }
        };
        let root = Node::place(value, text);
        let Content::Map(entries) = &root.content else {
            let start = root.span.start.min(text.len());
            self.fault(
                start..start,
                "a rule file is a map with `version` and lists of rules",
                "begin with `version: 1` and `symptoms:` or `causes:`",
            );
            return;
        };
        if root.entry("version").is_none() {
            self.fault(root.span.clone(), "the required field `version` is missing", "begin the file with `version: 1`");
        }
        for entry in entries {
            match entry.key.as_str() {
                "version" => self.version(entry),
                "symptoms" => {
                    let drafts = self.drafts;
                    self.section(Section::Symptoms, entry, &mut found.symptoms, |symptom: &SymptomSource| {
                        drafts || symptom.status == Status::Stable
                    });
                }
                "causes" => {
                    let drafts = self.drafts;
                    self.section(Section::Causes, entry, &mut found.causes, |cause: &CauseSource| drafts || cause.status == Status::Stable);
                }
                "timers" => self.section(Section::Timers, entry, &mut found.timers, |_| true),
                "scenarios" => self.section(Section::Scenarios, entry, &mut found.scenarios, |_| true),
                "disable" => self.disable(entry),
                key => {
                    let near = nearest(key, ["version", "symptoms", "causes", "timers", "scenarios", "disable"]);
                    let near = near.first().map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
                    let remedy = format!("{near}allowed here: causes, disable, scenarios, symptoms, timers, version");
                    self.fault(entry.key_span.clone(), format!("unknown field `{key}`"), remedy);
                }
            }
        }
    }

    fn version(&mut self, entry: &Entry) {
        let version = match &entry.value.content {
            Content::Scalar(value) => value.as_u64(),
            Content::List(_) | Content::Map(_) => None,
        };
        if version != Some(VERSION) {
            self.fault(entry.value.span.clone(), "a version of the rule format that is not known", format!("write `version: {VERSION}`"));
        }
    }

    fn disable(&mut self, entry: &Entry) {
        let Content::List(items) = &entry.value.content else {
            self.fault(entry.value.span.clone(), "`disable` is a list of ids", "write `disable: [id, ..]`");
            return;
        };
        for item in items {
            match item.as_str() {
                Some(id) => self.disabled.push((id.to_owned(), item.span.clone(), self.file)),
                None => self.fault(item.span.clone(), "`disable` is a list of ids", "write `disable: [id, ..]`"),
            }
        }
    }

    /// Reads one list of rules.
    fn section<T: for<'de> serde::Deserialize<'de>>(
        &mut self,
        section: Section,
        list: &Entry,
        found: &mut BTreeMap<String, Definition<T>>,
        wanted: impl Fn(&T) -> bool,
    ) {
        let items = match &list.value.content {
            Content::List(items) => items,
            Content::Scalar(serde_yaml::Value::Null) => return,
            Content::Scalar(_) | Content::Map(_) => {
                self.fault(list.value.span.clone(), format!("`{}` is a list", list.key), "begin each rule with `- id:`");
                return;
            }
        };
        for item in items {
            let mut node = item.clone();
            let mut wrongs = Vec::new();
            let source: Option<T> = decode(&mut node, &mut wrongs);
            self.all.faults.extend(wrongs.iter().map(|wrong| Fault::of(self.file, wrong, &item.span)));
            let Some(id) = item.child("id").as_str() else { continue };
            self.all.known.entry(section).or_default().insert(id.to_owned());
            if self.is_double(section, id, item.child("id")) {
                continue;
            }
            if let Some(source) = source.filter(|source| wanted(source)) {
                found.insert(id.to_owned(), Definition { source, node, file: self.file });
            }
        }
    }

    fn is_double(&mut self, section: Section, id: &str, at: &Node) -> bool {
        let Some((file, first)) = self.seen.get(&(section, id.to_owned())).copied() else {
            self.seen.insert((section, id.to_owned()), (self.file, at.span.start));
            return false;
        };
        let other = self.files.get(file).map(|file| place(&file.name, &file.text, first));
        let other = other.map(|place| format!("{}:{}:{}", place.file, place.line, place.column)).unwrap_or_default();
        self.fault(
            at.span.clone(),
            format!("the id `{id}` is defined twice in one set of rules; first at {other}"),
            "remove one, or give it an id of its own; to replace a built-in rule define it once",
        );
        true
    }
}

/// What the YAML parser says, at the place it names.
fn syntax_fault(file: usize, text: &str, error: &serde_yaml::Error) -> Fault {
    let says = error.to_string();
    let at = error.location().map_or(0, |location| location.index().min(text.len()));
    let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let doubled =
        says.split_once("duplicate entry with key ").map(|(_, key)| key.trim_start_matches('"').split('"').next().unwrap_or_default());
    if let Some(key) = doubled.filter(|key| !key.is_empty()) {
        let at = second_key(text, at, key).unwrap_or(at);
        let remedy = "keep one of them; several conditions of one kind go into `any` or `all`".to_owned();
        return Fault { file, span: at..at + key.len(), says: format!("the key `{key}` stands twice in one map"), remedy };
    }
    let line_start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1);
    let line = text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
    let indent = line.len() - line.trim_start().len();
    let remedy = if line.get(..indent).is_some_and(|indent| indent.contains('\t')) {
        "indent with spaces; YAML allows no tabs there"
    } else if says.contains("more than one document") {
        "put each document into a file of its own"
    } else if says.contains("limit") {
        "write it out without so many anchors and aliases"
    } else {
        "check the indentation, and put texts in quotes that hold `: ` or ` #`, or begin with one of [ { * & ! | > % @ `"
    };
    // The parser's own place is shown by the line above.
    let says = says.split(" at line ").next().unwrap_or_default().to_owned();
    Fault { file, span: at..at, says: format!("this is no YAML: {says}"), remedy: remedy.to_owned() }
}

/// The second place after `from` where a line's first key, or a key in braces, is `key`.
fn second_key(text: &str, from: usize, key: &str) -> Option<usize> {
    let after = text.get(from..)?;
    let is_key = |at: &usize| {
        let before = after.get(..*at).and_then(|before| before.chars().next_back());
        let next = after.get(at + key.len()..).unwrap_or_default();
        before.is_none_or(|c| c.is_whitespace() || c == '{' || c == ',') && next.trim_start_matches(' ').starts_with(':')
    };
    after.match_indices(key).map(|(at, _)| at).filter(is_key).nth(1).map(|at| from + at)
}

/// Reads the rule files below a folder, by name.
fn read_dir(dir: &Path) -> Result<Vec<RuleFile>, Error> {
    let shown = dir.display();
    let usage = |says: String| Err(Error::Usage(says));
    match std::fs::metadata(dir) {
        Err(error) => return usage(format!("--rules {shown}: {error}; give a folder that holds rule files (*.yaml)")),
        Ok(about) if !about.is_dir() => return usage(format!("--rules {shown}: not a folder; give the folder that holds the rule file")),
        Ok(_) => {}
    }
    let mut files = Vec::new();
    // Hidden entries are left out: a folder mounted from a Kubernetes ConfigMap holds every file a second time in `..data`.
    let hidden = |entry: &walkdir::DirEntry| entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".");
    for entry in WalkDir::new(dir).follow_links(true).sort_by_file_name().into_iter().filter_entry(|entry| !hidden(entry)) {
        let entry = entry.map_err(|error| Error::Usage(format!("--rules {shown}: {error}")))?;
        let is_yaml = entry.path().extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        if !is_yaml || !entry.file_type().is_file() {
            continue;
        }
        files.push(read_file(entry.path())?);
    }
    if files.is_empty() {
        return usage(format!("--rules {shown}: no rule file (*.yaml) below it; rules/README.md shows how to write one"));
    }
    Ok(files)
}

/// Reads one rule file.
fn read_file(path: &Path) -> Result<RuleFile, Error> {
    let name = path.display().to_string();
    let usage = |says: String| Err(Error::Usage(format!("{name}: {says}")));
    let bytes = match std::fs::metadata(path) {
        Ok(about) => about.len(),
        Err(error) => return usage(format!("{error}; name a rule file")),
    };
    if bytes > FILE_BYTES_MAX {
        return usage(format!("{bytes} bytes; a rule file may have {FILE_BYTES_MAX}. Split it, or move what is no rule elsewhere"));
    }
    match std::fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => Ok(RuleFile { name, text }),
        Ok(Err(_)) => usage("not UTF-8; save it as UTF-8".to_owned()),
        Err(error) => usage(format!("{error}; make it readable, or move it elsewhere")),
    }
}
