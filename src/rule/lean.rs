//! Rules for a run: loaded without what only tells about them, their places, examples and scenarios, in a fraction of the time.
//!
//! The built-in files were read by the build script; a user's are read straight into the types of `schema`. Whatever is wrong, all is loaded again in the
//! other way, which knows where it stands: so both ways refuse the same, in the same words.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::load::{Definition, Definitions, Found, Read, Section, VERSION, load};
use super::needed::Text;
use super::node::Node;
use super::pattern::Patterns;
use super::schema::{Examples, FileSource, Status};
use super::{RuleSet, decode, folder, resolve, strict, yaml};
use crate::error::Error;

/// What the build script made of the built-in files.
const BUILTIN: &str = include_str!(concat!(env!("OUT_DIR"), "/builtin.json"));

/// What a run needs of the built-in files.
#[derive(Deserialize)]
struct Builtin {
    rules: FileSource,
    /// Each expression with what stands in every match: lists of texts, of each of which one does, and whether letters may stand in either case.
    expressions: BTreeMap<String, Vec<Vec<(String, bool)>>>,
}

/// Loads rules as [`load`] does, for a run: they have no places, examples, sources, scenarios or files.
///
/// # Errors
/// As [`load`].
pub fn load_lean(dirs: &[PathBuf], builtin: bool) -> Result<RuleSet, Error> {
    let sets = dirs.iter().map(|dir| folder::read(dir)).collect::<Result<_, _>>()?;
    lean(sets, builtin).map_or_else(|| load(dirs, builtin), Ok)
}

/// Loads sets of files. `None` if anything is wrong with them.
fn lean(sets: Vec<Vec<Read>>, builtin: bool) -> Option<RuleSet> {
    let mut all = Definitions::default();
    let mut patterns = Patterns::default();
    if builtin {
        let Builtin { rules, expressions } = serde_json::from_str(BUILTIN).ok()?;
        let texts = |texts: Vec<(String, bool)>| texts.into_iter().map(|(text, any_case)| Text::new(text.into_bytes(), any_case)).collect();
        patterns.extend(expressions.into_iter().map(|(expression, required)| (expression, required.into_iter().map(texts).collect())));
        all.add(std::iter::once(Some(rules)), false)?;
    }
    for set in sets {
        all.add(set.into_iter().map(|read| if read.not_text.is_none() { source(&read.file.text) } else { None }), true)?;
    }
    let mut rules = resolve::resolve(all, &[], patterns).ok()?;
    rules.scenarios = Vec::new();
    Some(rules)
}

/// What a file's text says. `None` if anything is wrong with it.
fn source(text: &str) -> Option<FileSource> {
    let quick = yaml::is_plain(text).then(|| strict::read(text)).flatten();
    let source: FileSource = match quick {
        Some(source) => source,
        // What is odd may yet be right.
        None => {
            let mut wrongs = Vec::new();
            let source = decode::decode(&mut yaml::read(text).ok()??, &mut wrongs);
            source.filter(|_| wrongs.is_empty())?
        }
    };
    (source.version == VERSION).then_some(source)
}

impl Definitions {
    /// Adds what the files of one set define. `None` if anything is wrong with them.
    fn add(&mut self, files: impl Iterator<Item = Option<FileSource>>, drafts: bool) -> Option<()> {
        let mut found = Found::default();
        let mut disabled = Vec::new();
        for file in files {
            let FileSource { version: _, symptoms, causes, timers, scenarios, disable } = file?;
            for mut symptom in symptoms.into_iter().flatten() {
                self.know(Section::Symptoms, &symptom.id);
                symptom.examples = Examples::default();
                symptom.source = None;
                if drafts || symptom.status == Status::Stable {
                    define(&mut found.symptoms, symptom.id.clone(), symptom)?;
                }
            }
            for cause in causes.into_iter().flatten() {
                self.know(Section::Causes, &cause.id);
                if drafts || cause.status == Status::Stable {
                    define(&mut found.causes, cause.id.clone(), cause)?;
                }
            }
            for timer in timers.into_iter().flatten() {
                self.know(Section::Timers, &timer.id);
                define(&mut found.timers, timer.id.clone(), timer)?;
            }
            for scenario in scenarios.into_iter().flatten() {
                self.know(Section::Scenarios, &scenario.id);
                define(&mut found.scenarios, scenario.id.clone(), scenario)?;
            }
            disabled.extend(disable);
        }
        for id in disabled {
            self.knows(&id).then_some(())?;
            self.disable(&id);
        }
        self.replace(found);
        Some(())
    }

    fn know(&mut self, section: Section, id: &str) {
        self.known.entry(section).or_default().insert(id.to_owned());
    }
}

/// Adds a definition without a place. `None` where the set has one of that id.
fn define<T>(found: &mut BTreeMap<String, Definition<T>>, id: String, source: T) -> Option<()> {
    found.insert(id, Definition { source, node: Node::nowhere(), file: 0 }).is_none().then_some(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;
    use crate::rule::Place;
    use crate::rule::load::{RuleFile, load_text};

    /// Everything of rules that a run uses, in words.
    fn told(mut rules: RuleSet) -> String {
        for symptom in &mut rules.symptoms {
            (symptom.place, symptom.examples, symptom.source) = (Place::default(), Examples::default(), None);
        }
        for cause in &mut rules.causes {
            cause.place = Place::default();
        }
        let RuleSet { symptoms, causes, timers, named, .. } = rules;
        format!("{symptoms:#?}\n{causes:#?}\n{timers:#?}\n{named}")
    }

    fn read(text: &str) -> Vec<Vec<Read>> {
        vec![vec![Read { file: RuleFile { name: "rules.yaml".to_owned(), text: text.to_owned() }, not_text: None }]]
    }

    /// The first line that differs, so that a failure can be read.
    fn assert_same(lean: &str, whole: &str) {
        let differing = lean.lines().zip(whole.lines()).find(|(lean, whole)| lean != whole);
        assert_eq!(differing, None);
        assert_eq!(lean.len(), whole.len());
    }

    #[test]
    fn the_builtin_rules_are_those_of_the_files() {
        assert_same(&told(lean(Vec::new(), true).unwrap()), &told(load(&[], true).unwrap()));
    }

    #[test]
    fn the_files_of_a_folder_are_read_alike_in_both_ways() {
        let rules = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"));
        let quick = lean(vec![folder::read(&rules).unwrap()], false).unwrap();
        assert_same(&told(quick), &told(load(&[rules], false).unwrap()));
    }

    #[test]
    fn what_is_wrong_is_refused_in_both_ways() {
        let told = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/rules/told.txt")).unwrap();
        let cases = told.split("\n### ").skip(1).map(|case| {
            let (name, rest) = case.split_once('\n').unwrap();
            (name, rest.split_once("\n>>> told\n").map_or("", |(text, _)| text))
        });
        let mut count = 0;
        for (name, text) in cases {
            assert!(load_text("rules.yaml", text).is_err(), "{name} is right");
            assert!(lean(read(text), false).is_none(), "{name} passes");
            count += 1;
        }
        assert!(count > 90, "{count}");
    }
}
