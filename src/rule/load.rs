//! Rule files: which there are, what each one defines, and which definition of an id holds. `resolve` makes the rules of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::builtin::FILES;
use super::decode::decode;
use super::fault::{FAULTS_MAX, Fault, Lines, nearest, render, suggestion};
use super::node::{Content, Entry, Node, Scalar};
use super::pattern::Patterns;
use super::scenario::ScenarioSource;
use super::schema::{CauseSource, Status, SymptomSource};
use super::{RuleSet, Timer, folder, resolve, yaml};
use crate::error::Error;

/// What the names of built-in files begin with.
pub const BUILTIN: &str = "builtin:";

/// The version of the format that is understood.
pub(super) const VERSION: u64 = 1;

/// A rule file's name and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// The path, or `builtin:symptoms/network.yaml` for a built-in one.
    pub name: String,
    /// All of it.
    pub text: String,
}

/// A file as it was read.
pub(super) struct Read {
    pub(super) file: RuleFile,
    /// Why it is no text, where it is none.
    pub(super) not_text: Option<yaml::Flaw>,
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

impl Definitions {
    /// Whether any file defines that id.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.known.values().any(|ids| ids.contains(id))
    }

    /// Leaves out what earlier sets define under an id.
    pub(super) fn disable(&mut self, id: &str) {
        self.symptoms.remove(id);
        self.causes.remove(id);
        self.timers.remove(id);
        self.scenarios.remove(id);
    }

    /// Adds what a set defines, in place of what earlier ones do.
    pub(super) fn replace(&mut self, found: Found) {
        self.symptoms.extend(found.symptoms);
        self.causes.extend(found.causes);
        self.timers.extend(found.timers);
        self.scenarios.extend(found.scenarios);
    }
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
    let mut sets: Vec<Vec<Read>> = Vec::new();
    if builtin {
        let file = |(name, text): &(&str, &str)| RuleFile { name: format!("{BUILTIN}{name}"), text: (*text).to_owned() };
        sets.push(FILES.iter().map(file).map(|file| Read { file, not_text: None }).collect());
    }
    for dir in dirs {
        sets.push(folder::read(dir)?);
    }
    let is_known = |file: &PathBuf| {
        let real = std::fs::canonicalize(file).ok();
        let known = sets.iter().flatten().map(|known| known.file.name.as_str());
        known.into_iter().any(|known| Path::new(known) == file || (real.is_some() && std::fs::canonicalize(known).ok() == real))
    };
    let also = also.iter().filter(|file| !is_known(file)).map(|file| folder::read_file(file)).collect::<Result<Vec<_>, _>>()?;
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
    let file = RuleFile { name: name.to_owned(), text: text.to_owned() };
    load_sets(vec![vec![Read { file, not_text: None }]], false)
}

/// Loads sets of files in order, the first being the built-in one if `builtin`.
fn load_sets(sets: Vec<Vec<Read>>, builtin: bool) -> Result<RuleSet, Error> {
    let mut files: Vec<RuleFile> = Vec::new();
    let mut all = Definitions::default();
    for (number, set) in sets.into_iter().enumerate() {
        let mut seen = BTreeMap::new();
        let mut disabled = Vec::new();
        let first = files.len();
        let mut unread = BTreeSet::new();
        for Read { file, not_text } in set {
            if let Some(flaw) = not_text {
                unread.insert(files.len());
                all.faults.push(Fault::from_flaw(files.len(), flaw));
            }
            files.push(file);
        }
        let mut reader =
            Reader { files: &files, file: 0, all: &mut all, seen: &mut seen, disabled: &mut disabled, drafts: !(builtin && number == 0) };
        let mut found = Found::default();
        for file in (first..files.len()).filter(|file| !unread.contains(file)) {
            reader.file = file;
            reader.read(&mut found);
            if reader.is_full() {
                return Err(Error::Rules(render(all.faults, &files)));
            }
        }
        for (id, span, file) in disabled {
            if all.faults.len() >= FAULTS_MAX {
                break;
            }
            if !all.knows(&id) {
                let remedy = suggestion(&id, all.known.values().flat_map(|ids| ids.iter().map(String::as_str)));
                all.faults.push(Fault {
                    lint: "dead-reference",
                    file,
                    span,
                    says: format!("`disable` names `{id}`, which does not exist"),
                    remedy,
                });
            }
            all.disable(&id);
        }
        all.replace(found);
    }
    resolve::resolve(all, &files, Patterns::default()).map_err(|faults| Error::Rules(render(faults, &files))).map(|mut rules| {
        rules.files = files;
        rules
    })
}

/// What the files of one set define.
#[derive(Default)]
pub(super) struct Found {
    pub(super) symptoms: BTreeMap<String, Definition<SymptomSource>>,
    pub(super) causes: BTreeMap<String, Definition<CauseSource>>,
    pub(super) timers: BTreeMap<String, Definition<Timer>>,
    pub(super) scenarios: BTreeMap<String, Definition<ScenarioSource>>,
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
    fn fault(&mut self, lint: &'static str, span: Range<usize>, says: impl Into<String>, remedy: impl Into<String>) {
        self.all.faults.push(Fault { lint, file: self.file, span, says: says.into(), remedy: remedy.into() });
    }

    fn is_full(&self) -> bool {
        self.all.faults.len() >= FAULTS_MAX
    }

    /// Takes what a file holds.
    fn read(&mut self, found: &mut Found) {
        let files = self.files;
        let Some(RuleFile { text, .. }) = files.get(self.file) else { return };
        let root = match yaml::read(text) {
            Ok(Some(root)) => root,
            Ok(None) => {
                let remedy = "begin with `version: 1` and `symptoms:` or `causes:`, or remove the file";
                self.fault("form", 0..0, "the file holds no rules, only white space or comments", remedy);
                return;
            }
            Err(flaws) => {
                self.all.faults.extend(flaws.into_iter().map(|flaw| Fault::from_flaw(self.file, flaw)));
                return;
            }
        };
        let Node { span, content, .. } = root;
        let Content::Map(entries) = content else {
            let remedy = "begin with `version: 1` and `symptoms:` or `causes:`";
            self.fault("form", span, "a rule file is a map with `version` and lists of rules", remedy);
            return;
        };
        if !entries.iter().any(|entry| entry.key == "version") {
            self.fault("version", span, "the required field `version` is missing", "begin the file with `version: 1`");
        }
        for entry in entries {
            match entry.key.as_str() {
                "version" => self.version(&entry),
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
                "disable" => self.disable(&entry),
                key => {
                    let near = nearest(key, ["version", "symptoms", "causes", "timers", "scenarios", "disable"]);
                    let near = near.first().map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
                    let remedy = format!("{near}allowed here: causes, disable, scenarios, symptoms, timers, version");
                    self.fault("unknown-field", entry.key_span.clone(), format!("unknown field `{key}`"), remedy);
                }
            }
        }
    }

    fn version(&mut self, entry: &Entry) {
        let version = match &entry.value.content {
            Content::Scalar(Scalar::Whole(version)) => u64::try_from(*version).ok(),
            _ => None,
        };
        if version != Some(VERSION) {
            self.fault(
                "version",
                entry.value.span.clone(),
                "a version of the rule format that is not known",
                format!("write `version: {VERSION}`"),
            );
        }
    }

    fn disable(&mut self, entry: &Entry) {
        let Content::List(items) = &entry.value.content else {
            self.fault("form", entry.value.span.clone(), "`disable` is a list of ids", "write `disable: [id, ..]`");
            return;
        };
        for item in items {
            match item.as_str() {
                Some(id) => self.disabled.push((id.to_owned(), item.span.clone(), self.file)),
                None => self.fault("form", item.span.clone(), "`disable` is a list of ids", "write `disable: [id, ..]`"),
            }
        }
    }

    /// Reads one list of rules.
    fn section<T: for<'de> serde::Deserialize<'de>>(
        &mut self,
        section: Section,
        list: Entry,
        found: &mut BTreeMap<String, Definition<T>>,
        wanted: impl Fn(&T) -> bool,
    ) {
        let items = match list.value.content {
            Content::List(items) => items,
            Content::Scalar(Scalar::Null) => return,
            Content::Scalar(_) | Content::Map(_) => {
                self.fault("form", list.value.span, format!("`{}` is a list", list.key), "begin each rule with `- id:`");
                return;
            }
        };
        for mut node in items {
            if self.is_full() {
                return;
            }
            let span = node.span.clone();
            // What is wrong is taken out of the node, so the id is looked at before.
            let id = node.entry("id").and_then(|entry| Some((entry.value.as_str()?.to_owned(), entry.value.span.clone())));
            let mut wrongs = Vec::new();
            let source: Option<T> = decode(&mut node, &mut wrongs);
            self.all.faults.extend(wrongs.iter().map(|wrong| Fault::of(self.file, wrong, &span)));
            let Some((id, at)) = id else { continue };
            self.all.known.entry(section).or_default().insert(id.clone());
            if self.is_double(section, &id, &at) {
                continue;
            }
            if let Some(source) = source.filter(|source| wanted(source)) {
                found.insert(id, Definition { source, node, file: self.file });
            }
        }
    }

    fn is_double(&mut self, section: Section, id: &str, at: &Range<usize>) -> bool {
        let Some((file, first)) = self.seen.get(&(section, id.to_owned())).copied() else {
            self.seen.insert((section, id.to_owned()), (self.file, at.start));
            return false;
        };
        let other = self.files.get(file).map(|file| Lines::new(&file.text).place(file, first));
        let other = other.map(|place| format!("{}:{}:{}", place.file, place.line, place.column)).unwrap_or_default();
        self.fault(
            "duplicate",
            at.clone(),
            format!("the id `{id}` is defined twice in one set of rules; first at {other}"),
            "remove one, or give it an id of its own; to replace a built-in rule define it once",
        );
        true
    }
}
