//! The formats for CI, through the program: each is read by a parser of its own, whatever the logs hold, and all tell the same incidents.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::logs::{gzip, put, tar};
use crate::program::{Run, run, run_with};

/// What a log may hold to harm what reads its report.
const HOSTILE: &str = "\u{1b}[2J<script>alert(1)</script> ]]> &amp; | ``` \u{0} \u{202e}evil [x](http://evil.example) {0} 100% %0A::error::forged @everyone #1 \u{fffe}";

/// Names of Airflow's own form, and one that nobody should give.
const RUN: &str = "manual__2026-11-21T00:00:00+00:00";
const TASK: &str = "a%2F b]]>|<script>`'\"&,::x\u{202e}\u{1b}[1m\ny";

const FORMATS: [&str; 10] = ["text", "mail", "markdown", "html", "json", "sarif", "junit", "github", "gitlab", "prometheus"];

fn failed(message: &str) -> String {
    format!(
        "[2026-11-20 01:00:00,000] {{taskinstance.py:1103}} INFO - Starting attempt 1 of 1\n\
         [2026-11-20 01:00:01,000] {{taskinstance.py:1482}} ERROR - Task failed with exception\n\
         Traceback (most recent call last):\n  File \"/opt/airflow/dags/shop.py\", line 12, in push\n    push()\n\
         OddError: {message}\n::error file=x,line=1::forged\r\n::set-output name=x::y\n\
         [2026-11-20 01:00:02,000] {{local_task_job.py:266}} INFO - Task exited with return code 1\n"
    )
}

/// Logs with hostile texts and names, in a folder and in an archive.
pub(crate) fn hostile() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    let log = |task: &str| format!("logs/dag_id=shop/run_id={RUN}/task_id={task}/attempt=1.log");
    put(tree.path(), &log("plain"), failed(HOSTILE));
    let surrogate = r#"{"timestamp":"2026-11-21T12:00:00Z","level":"info","event":"half \ud800 of a pair"}
{"timestamp":"2026-11-21T12:00:01Z","level":"error","event":"Task failed with exception","error_detail":[{"exc_type":"OddError","exc_value":"half \ud800 \u0000 \u001b[2J <script>","syntax_error":null,"is_cause":false,"frames":[]}]}
"#;
    put(tree.path(), &log("half"), surrogate);
    put(
        tree.path(),
        "logs/packed.tar.gz",
        gzip(&tar(&[(format!("dag_id=shop/run_id={RUN}/task_id=in <b>&%41/attempt=1.log"), failed("packed"))])),
    );
    put(tree.path(), "logs/cut.log.gz", b"\x1f\x8b\x08\x00cut");
    // Windows takes none of these in a name.
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        put(tree.path(), &log(TASK), failed("odd name"));
        let name = std::ffi::OsStr::from_bytes(b"task_id=caf\xe9");
        let folder = tree.path().join(format!("logs/dag_id=shop/run_id={RUN}")).join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("attempt=1.log"), failed("no UTF-8")).unwrap();
    }
    tree
}

fn in_format(tree: &tempfile::TempDir, format: &str, more: &[&str]) -> Run {
    run_with(&[&["logs", "-f", format], more].concat(), tree.path(), b"")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// The ids of the incidents that the JSON tells.
fn ids(report: &Value) -> BTreeSet<String> {
    list(&report["incidents"]).iter().map(|incident| text(&incident["id"]).to_owned()).collect()
}

/// Characters that do something instead of being seen.
pub(crate) fn acts(c: char) -> bool {
    (c.is_control() && c != '\n') || "\u{fffe}\u{ffff}\u{200e}\u{200f}\u{202a}\u{202e}\u{2066}\u{2069}\u{feff}".contains(c)
}

/// What `%41` stands for, where each sign that is escaped is written so.
fn unescaped(escaped: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = escaped;
    while let Some((before, behind)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        bytes.push(u8::from_str_radix(&behind[..2], 16).unwrap_or_else(|_| panic!("{escaped}")));
        rest = &behind[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap()
}

/// The paths that the JSON shows incidents at, as `archive!member`, with a line.
fn places(report: &Value) -> BTreeSet<(String, u64)> {
    let examples = list(&report["incidents"]).iter().flat_map(|incident| list(&incident["examples"]));
    let path = |example: &Value| match example["member"].as_str() {
        Some(member) => format!("{}!{member}", text(&example["path"])),
        None => text(&example["path"]).to_owned(),
    };
    examples.map(|example| (path(example), example["line"].as_u64().unwrap())).collect()
}

#[test]
fn every_format_is_the_same_at_any_thread_count_and_holds_nothing_that_acts() {
    let tree = hostile();
    for format in FORMATS {
        let one = in_format(&tree, format, &["--threads", "1"]);
        let two = in_format(&tree, format, &["--threads", "2"]);
        assert_eq!((one.code, &one.out), (3, &two.out), "{format}: {}", one.err);
        assert!(one.out.len() > 500, "{format}: {}", one.out);
        let bad = one.out.lines().find(|line| line.chars().any(acts));
        assert!(bad.is_none(), "{format}: {bad:?}");
    }
}

#[test]
fn sarif_is_what_its_schema_says_and_names_files_by_their_addresses() {
    for (tree, report) in [(Some(hostile()), None), (None, Some(run(&["sample-logs", "-f", "json"])))] {
        let in_format = |format: &str| match &tree {
            Some(tree) => in_format(tree, format, &[]).out,
            None => run(&["sample-logs", "-f", format]).out,
        };
        let told = json(&report.map_or_else(|| in_format("json"), |run| run.out));
        let log = json(&in_format("sarif"));
        if let Some(schema) = std::env::var_os("SARIF_SCHEMA") {
            let mut schema = json(&fs::read_to_string(schema).unwrap());
            // Its expression for a language has a bracket too many for a strict reader; no language is written.
            for named in ["run", "toolComponent"] {
                schema["definitions"][named]["properties"]["language"] = Value::Bool(false);
            }
            let validator = jsonschema::validator_for(&schema).unwrap();
            let errors: Vec<String> = validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{}", errors.join("\n"));
        }
        assert_eq!((&log["version"], list(&log["runs"]).len()), (&"2.1.0".into(), 1));
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["name"], "dagnosis");
        assert_eq!(run["invocations"][0]["executionSuccessful"], tree.is_none());
        let rules = list(&run["tool"]["driver"]["rules"]);
        for rule in rules {
            assert!(!text(&rule["shortDescription"]["text"]).is_empty() && text(&rule["help"]["text"]).contains("dagnosis "), "{rule}");
            assert!(rule.get("helpUri").is_none_or(|address| text(address).starts_with("https://")), "{rule}");
        }
        let mut seen = BTreeSet::new();
        let places = places(&told);
        for result in list(&run["results"]) {
            let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"]);
            assert!(["error", "warning", "note"].contains(&text(&result["level"])), "{result}");
            assert!(seen.insert(text(&result["partialFingerprints"]["dagnosisIncident/v1"]).to_owned()), "{result}");
            let message = text(&result["message"]["text"]);
            let bare = message.replace("\\\\", "").replace("\\[", "").replace("\\]", "").replace("{{", "").replace("}}", "");
            assert!(!bare.contains(['[', ']', '{', '}']), "{message}");
            let all = list(&result["locations"]).iter().chain(list(&result["relatedLocations"]));
            for location in all {
                let place = &location["physicalLocation"];
                let address = text(&place["artifactLocation"]["uri"]);
                assert!(address.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/=!@,%".contains(&byte)), "{address}");
                let line = place["region"]["startLine"].as_u64().unwrap_or(0);
                assert!(places.contains(&(unescaped(address), line)), "{address}:{line} is not in {places:?}");
            }
            assert!(!list(&result["locations"]).is_empty(), "{result}");
        }
        assert_eq!(seen, ids(&told));
    }
}

#[test]
fn junit_has_a_case_for_each_task() {
    let tree = hostile();
    let told = json(&in_format(&tree, "json", &["--attempts", "all"]).out);
    let xml = in_format(&tree, "junit", &[]).out;
    let document = roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{error}: {xml}"));
    let cases: Vec<_> = document.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    let names: BTreeSet<&str> =
        cases.iter().filter(|case| case.attribute("classname") == Some("shop")).filter_map(|case| case.attribute("name")).collect();
    let tasks: BTreeSet<&str> = list(&told["attempts"]).iter().filter_map(|attempt| attempt["task_id"].as_str()).collect();
    assert_eq!(names.len(), tasks.len(), "{names:?} {tasks:?}");
    let failures: Vec<_> = document.descendants().filter(|node| node.has_tag_name("failure")).collect();
    assert!(failures.len() >= 3, "{xml}");
    let told_of = |name: &str| -> BTreeSet<String> {
        let all = document.descendants().filter(|node| node.has_tag_name("property") && node.attribute("name") == Some(name));
        all.filter_map(|node| node.attribute("value")).map(str::to_owned).collect()
    };
    assert_eq!(told_of("incident"), ids(&told));
    assert_eq!(told_of("failed_runs"), BTreeSet::from([RUN.to_owned()]));
    let said: String = failures.iter().filter_map(|failure| failure.text()).collect();
    for piece in ["\\x1b[2J<script>alert(1)</script> ]]> &amp; | ```", "\\u{202e}evil [x](http://evil.example) {0} 100% %0A::error::forged"]
    {
        assert!(said.contains(piece), "{piece} is not in {said}");
    }
    // What could not be read is an error of its own.
    let errors: Vec<_> = document.descendants().filter(|node| node.has_tag_name("error")).collect();
    assert!(errors.len() == 1 && errors[0].text().unwrap().contains("cut.log.gz"), "{xml}");
    // What a later try made good is no failure.
    let samples = run(&["sample-logs", "-f", "junit"]).out;
    let document = roxmltree::Document::parse(&samples).unwrap();
    let report = json(&run(&["sample-logs", "-f", "json", "--attempts", "all"]).out);
    let mut last: BTreeMap<[&str; 3], (u64, &str)> = BTreeMap::new();
    for attempt in list(&report["attempts"]).iter().filter(|attempt| attempt["kind"] == "task" && attempt["map_index"].is_null()) {
        let Some(key) = ["dag_id", "task_id", "run_id"].map(|name| attempt[name].as_str()).into_iter().collect::<Option<Vec<_>>>() else {
            continue;
        };
        let number = attempt["try_number"].as_u64().unwrap_or(0);
        let known = last.entry([key[0], key[1], key[2]]).or_default();
        if number >= known.0 {
            *known = (number, text(&attempt["outcome"]));
        }
    }
    let (mut fine, mut bad) = (0, 0);
    for case in document.descendants().filter(|node| node.has_tag_name("testcase")) {
        let (dag, task) = (case.attribute("classname").unwrap(), case.attribute("name").unwrap());
        let outcomes: Vec<&str> =
            last.iter().filter(|([of, name, _], _)| *of == dag && *name == task).map(|(_, (_, outcome))| *outcome).collect();
        if outcomes.is_empty() {
            continue;
        }
        let fails = case.children().any(|child| child.has_tag_name("failure"));
        if outcomes.iter().all(|outcome| *outcome == "success") {
            assert!(!fails, "{dag}.{task}");
            fine += 1;
        } else if outcomes.contains(&"failed") {
            assert!(fails, "{dag}.{task}");
            bad += 1;
        }
    }
    assert!(fine > 20 && bad > 20, "{fine} {bad}");
}

/// The commands of GitHub among lines: kind, properties, message, all as GitHub reads them.
pub(crate) fn commands(out: &str) -> Vec<(String, BTreeMap<String, String>, String)> {
    let commands = out.lines().filter_map(|line| line.strip_prefix("::"));
    commands
        .map(|line| {
            let (head, message) = line.split_once("::").unwrap_or_else(|| panic!("{line}"));
            let (kind, properties) = head.split_once(' ').unwrap_or((head, ""));
            let of = |property: &str| property.split_once('=').map(|(name, value)| (name.to_owned(), unescaped(value)));
            (
                kind.to_owned(),
                properties.split(',').map(|property| of(property).unwrap_or_else(|| panic!("{line}"))).collect(),
                unescaped(message),
            )
        })
        .collect()
}

#[test]
fn github_gets_no_command_but_ours_and_at_most_ten_of_a_kind() {
    let tree = hostile();
    let told = json(&in_format(&tree, "json", &[]).out);
    let out = in_format(&tree, "github", &[]).out;
    let found = commands(&out);
    let places = places(&told);
    assert_eq!(found.len(), list(&told["incidents"]).len() + 1, "{out}");
    for (kind, properties, message) in &found {
        assert!(["error", "warning", "notice"].contains(&kind.as_str()), "{kind}");
        let names: Vec<&str> = properties.keys().map(String::as_str).collect();
        if names == ["title"] {
            assert!(properties["title"].contains("could not be read") && message.contains("cut.log.gz"), "{message}");
            continue;
        }
        assert_eq!(names, ["file", "line", "title"], "{properties:?}");
        let line: u64 = properties["line"].parse().unwrap();
        // What acts in a name is shown.
        let is_it = |path: &str| path == properties["file"] || path.chars().any(|c| acts(c) || c == '\n');
        assert!(places.iter().any(|(path, at)| *at == line && is_it(path)), "{properties:?} {places:?}");
        assert!(message.contains("\nWhy: ") && message.contains("\nFirst: "), "{message}");
    }
    assert!(found.iter().any(|(_, _, message)| message.contains("100% %0A::error::forged @everyone")), "{out}");

    // Of thirty tasks that fail each in its own way ten are annotated; the summary has all.
    let many = tempfile::tempdir().unwrap();
    for at in 0..30_u8 {
        let name: String = [at / 10, at % 10].map(|digit| char::from(b'A' + digit)).into_iter().collect();
        put(
            many.path(),
            &format!("logs/dag_id=shop/run_id=r/task_id={name}/attempt=1.log"),
            failed("odd").replace("OddError", &format!("Odd{name}Error")),
        );
    }
    put(many.path(), "summary.md", "before\n");
    let run = in_format(&many, "github", &["--summary", "summary.md"]);
    assert_eq!(commands(&run.out).len(), 10, "{}", run.out);
    assert!(run.out.contains("20 incidents more are not annotated"), "{}", run.out);
    let summary = fs::read_to_string(many.path().join("summary.md")).unwrap();
    assert_eq!(summary, format!("before\n{}", in_format(&many, "markdown", &[]).out));
    // What does not fit is left out, and that is said.
    put(many.path(), "summary.md", "x".repeat((1 << 20) - 9000));
    assert_eq!(in_format(&many, "text", &["--summary", "summary.md"]).code, 1);
    let summary = fs::read_to_string(many.path().join("summary.md")).unwrap();
    assert!(
        summary.len() <= 1 << 20 && summary.ends_with("**The rest was left out: GitHub takes a summary of 1 MiB.**\n"),
        "{}",
        summary.len()
    );
    assert!(summary.contains("# Why tasks failed"));
}

#[test]
fn gitlab_gets_the_fields_that_it_asks_for() {
    let tree = hostile();
    let told = json(&in_format(&tree, "json", &[]).out);
    let report = json(&in_format(&tree, "gitlab", &[]).out);
    let mut seen = BTreeSet::new();
    for issue in list(&report) {
        assert!(!text(&issue["description"]).is_empty() && !text(&issue["check_name"]).is_empty(), "{issue}");
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&text(&issue["severity"])), "{issue}");
        assert!(seen.insert(text(&issue["fingerprint"]).to_owned()), "{issue}");
        assert!(
            issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1 && text(&issue["location"]["path"]).starts_with("logs/"),
            "{issue}"
        );
        assert!(!issue.to_string().contains(['\u{1b}', '\u{202e}']), "{issue}");
    }
    assert_eq!(seen, ids(&told));
}

#[test]
fn markdown_has_no_markup_of_a_log() {
    let tree = hostile();
    let out = in_format(&tree, "markdown", &[]).out;
    let mut fence = String::new();
    for line in out.lines() {
        let ticks: String = line.trim_start().chars().take_while(|c| *c == '`').collect();
        if !fence.is_empty() {
            if ticks == fence && line.trim() == fence {
                fence.clear();
            }
            continue;
        }
        if ticks.len() >= 3 && !line.trim_start()[ticks.len()..].contains('`') {
            fence = ticks;
            continue;
        }
        // Code spans are left out; what remains is read as markup.
        let mut running = String::new();
        let mut rest = line;
        while let Some(at) = rest.find('`') {
            if rest[..at].ends_with('\\') {
                running.push_str(&rest[..=at]);
                rest = &rest[at + 1..];
                continue;
            }
            let ticks: String = rest[at..].chars().take_while(|c| *c == '`').collect();
            let behind = &rest[at + ticks.len()..];
            running.push_str(&rest[..at]);
            rest = behind.find(&ticks).map_or("", |end| &behind[end + ticks.len()..]);
        }
        running.push_str(rest);
        let bare = running.replace("<code>", "").replace("</code>", "").replace("\\[", "").replace("\\]", "");
        assert!(!bare.contains('<') && !bare.contains("](") && !bare.contains("@everyone") && !bare.contains("http://"), "{line}");
    }
    assert!(fence.is_empty(), "a block is not closed");
}

#[test]
fn several_reports_are_written_in_one_run() {
    let tree = hostile();
    let files = FORMATS.map(|format| (format, format!("out.{format}")));
    let mut arguments: Vec<String> = vec!["logs".into(), "--fail-on".into(), "high".into()];
    arguments.extend(files.iter().flat_map(|(format, file)| ["-o".into(), format!("{format}={file}")]));
    let run = run_with(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), tree.path(), b"");
    assert_eq!((run.code, &run.out), (3, &in_format(&tree, "text", &[]).out), "{}", run.err);
    for (format, file) in &files {
        assert_eq!(fs::read_to_string(tree.path().join(file)).unwrap(), in_format(&tree, format, &[]).out, "{format}");
    }
    // A file takes the place of standard output, others come besides; a folder of Airflow's is no format.
    let run = run_with(&["logs", "-o", "dag_id=shop.txt", "--output", "sarif=a.sarif"], tree.path(), b"");
    assert_eq!((run.code, run.out.as_str()), (3, ""), "{}", run.err);
    assert_eq!(fs::read_to_string(tree.path().join("dag_id=shop.txt")).unwrap(), in_format(&tree, "text", &[]).out);
    for (arguments, says) in [
        (&["-o", "a.txt", "-o", "b.txt"][..], "json=b.txt"),
        (&["-o", "a.txt", "-o", "json=a.txt"], "two reports cannot go into one file, a.txt"),
        (&["-o", "sarif=absent/a.sarif"], "cannot write absent/a.sarif"),
        (&["--summary", "absent/s.md"], "cannot write absent/s.md"),
    ] {
        let run = run_with(&[&["logs"], arguments].concat(), tree.path(), b"");
        assert!(run.code == 2 && run.err.contains(says), "{arguments:?}: {}", run.err);
    }
}

#[test]
fn a_quiet_night_has_its_files_too() {
    let tree = tempfile::tempdir().unwrap();
    let log = "[2026-11-20 01:00:02,000] {local_task_job.py:266} INFO - Task exited with return code 0\n";
    put(tree.path(), "logs/dag_id=shop/run_id=r/task_id=push/attempt=1.log", log);
    let files = ["sarif=a", "junit=b", "gitlab=c", "github=d"];
    let run = run_with(&["logs", "-q", "-o", files[0], "-o", files[1], "-o", files[2], "-o", files[3]], tree.path(), b"");
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{}", run.err);
    let read = |name: &str| fs::read_to_string(tree.path().join(name)).unwrap();
    assert_eq!((list(&json(&read("a"))["runs"][0]["results"]).len(), list(&json(&read("c"))).len()), (0, 0));
    let xml = read("b");
    let document = roxmltree::Document::parse(&xml).unwrap();
    assert_eq!(document.root_element().attribute("tests"), Some("1"), "{xml}");
    assert_eq!((commands(&read("d")).len(), read("d").lines().count()), (0, 1), "{}", read("d"));
}
