//! What may happen to the state: a second run, a file that is damaged or something else, a full disk, a kill at any moment. The night is told all the
//! same, and what was recorded stays.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;

use crate::nights::{Nights, RESET, STATE, dump, incident, status};

/// Two nights of failures, the first of them recorded.
fn recorded() -> Nights {
    let nights = Nights::new();
    nights.fails(1, "push", RESET);
    nights.run(1, &["logs"]);
    nights.fails(2, "load", "KeyError: 'margin'");
    nights
}

/// A night whose state cannot be used is told whole, without statuses, and says why.
fn is_told(nights: &Nights, arguments: &[&str], why: &str) {
    let (code, report) = nights.night(2, arguments);
    assert_eq!((code, &report["history"]), (3, &Value::Null), "{why}");
    for task in ["push", "load"] {
        assert!(
            incident(&report, task).is_some_and(|incident| incident["status"].is_null() && incident["history"].is_null()),
            "{report:#}"
        );
    }
    let problems = report["problems"].as_array().unwrap();
    assert!(problems.len() == 1 && problems[0]["kind"] == "state", "{problems:?}");
    let says = problems[0]["says"].as_str().unwrap();
    assert!(says.contains(why) && says.contains("Nothing was recorded this time; what was recorded before was left as it is."), "{says}");
}

#[test]
fn a_second_run_ends_at_once_or_waits() {
    let nights = recorded();
    let holder = nights.open();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let run = nights.run(2, &["logs"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("another run is writing to state.sqlite") && run.err.contains("give --wait SECONDS"), "{}", run.err);
    // Reading goes on meanwhile, forgetting does not.
    assert!(nights.history(&["list"]).out.contains("  new  "));
    assert!(nights.history(&["prune", "--older-than", "1d"]).err.contains("another run is writing"));
    let run = nights.run(2, &["logs", "--wait", "1"]);
    assert!(run.code == 2 && run.err.contains("for 1 s"), "{}", run.err);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| nights.night(2, &["--wait", "60"]));
        std::thread::sleep(Duration::from_millis(300));
        holder.execute_batch("ROLLBACK").unwrap();
        let (code, report) = waiting.join().unwrap();
        assert_eq!((code, status(&report, "load").0.as_str()), (1, "new"));
    });
}

#[test]
fn a_file_that_is_no_state_is_left_as_it_is() {
    let nights = recorded();
    let whole = fs::read(nights.state()).unwrap();
    let noise: Vec<u8> = (0..20_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut damaged = whole.clone();
    let page = 4096 * 3;
    damaged[page..page + 4096].copy_from_slice(&noise[..4096]);
    let cases = [
        (noise, "no SQLite database at all"),
        (b"a list of things that somebody wants to keep\n".repeat(200), "no SQLite database at all"),
        (whole[..whole.len() / 2].to_vec(), "the database is damaged"),
        (whole[..50].to_vec(), "the database is damaged"),
        (damaged, "the database is damaged"),
    ];
    for (bytes, why) in cases {
        fs::write(nights.state(), &bytes).unwrap();
        is_told(&nights, &[], why);
        assert!(fs::read(nights.state()).unwrap() == bytes, "{why}");
        let run = nights.history(&["list"]);
        assert!(run.code == 2 || why.contains("damaged"), "{}", run.out);
    }
    // A gate takes all for new, for nothing says what is not.
    fs::write(nights.state(), b"x".repeat(100)).unwrap();
    let run = nights.run(2, &["logs", "--fail-on", "new,low", "-o", "prometheus=m.prom"]);
    assert!(run.code == 3 && run.out.contains("state.sqlite: it is no state of dagnosis"), "{}", run.out.replace('\n', " "));
    assert!(!fs::read_to_string(nights.path().join("m.prom")).unwrap().contains("by_status"));
}

#[test]
fn a_state_of_another_program_or_a_newer_version_is_left_as_it_is() {
    let nights = recorded();
    let connection = nights.open();
    connection.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(connection);
    let before = fs::read(nights.state()).unwrap();
    is_told(&nights, &[], "written by a newer dagnosis (version 99 of the state, where this one knows 1)");
    assert!(nights.history(&["list"]).err.contains("newer dagnosis"));
    assert!(fs::read(nights.state()).unwrap() == before);

    fs::remove_file(nights.state()).unwrap();
    nights.open().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = fs::read(nights.state()).unwrap();
    is_told(&nights, &[], "a database of another program");
    assert!(fs::read(nights.state()).unwrap() == before);
}

#[test]
fn a_state_that_cannot_be_made_costs_no_night() {
    let nights = recorded();
    fs::write(nights.path().join("file"), "x").unwrap();
    for state in ["nowhere/state.sqlite", "file/state.sqlite", "logs"] {
        let run = crate::program::run_with(&["logs", "--state", state, "-f", "json"], nights.path(), b"");
        let report: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!((run.code, report["incidents"].as_array().unwrap().len()), (3, 2), "{state}");
        assert!(report["problems"][0]["says"].as_str().unwrap().contains("cannot be opened or created"), "{report:#}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_costs_no_night() {
    use std::os::unix::fs::PermissionsExt;
    let nights = recorded();
    let folder = nights.path().join("closed");
    fs::create_dir(&folder).unwrap();
    fs::copy(nights.state(), folder.join(STATE)).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o555)).unwrap();
    // Whoever may write everywhere, as in a container, is kept out by a folder of the kernel.
    let may_write = fs::write(folder.join("probe"), "").is_ok();
    let state = if may_write { "/proc/self/state.sqlite" } else { "closed/state.sqlite" };
    let run = crate::program::run_with(&["logs", "--state", state, "-f", "json"], nights.path(), b"");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, report["incidents"].as_array().unwrap().len(), report["problems"][0]["kind"].as_str()), (3, 2, Some("state")));
}

/// No file may become longer than the state is: what is to be recorded does not fit.
#[cfg(unix)]
#[test]
fn a_full_disk_costs_no_night() {
    let nights = recorded();
    for task in 0..40 {
        nights.fails(2, &format!("load_{task}"), &format!("ValueError: {}", "long ".repeat(200)));
    }
    let before = nights.dump();
    for blocks in [8, 64] {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" logs --state {STATE} --now 2026-11-02T02:00:00Z -f json");
        let run = crate::program::run_command("/bin/sh", &["-c", &script, env!("CARGO_BIN_EXE_dagnosis")], nights.path());
        let report: Value = serde_json::from_str(&run.out).unwrap_or_else(|error| panic!("{error}: {}", run.err));
        assert_eq!((run.code, report["problems"][0]["kind"].as_str()), (3, Some("state")), "{}", report["problems"]);
        assert!(report["problems"][0]["says"].as_str().unwrap().contains("Nothing was recorded this time"), "{}", report["problems"]);
        assert!(report["incidents"].as_array().unwrap().len() >= 2);
        assert_eq!(nights.dump(), before);
    }
    assert_eq!(status(&nights.night(2, &[]).1, "push"), ("recurring".to_owned(), 0));
}

/// How often the program is killed.
const KILLS: u32 = 32;

/// Starts the night that is killed.
fn start(nights: &Nights) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_dagnosis"))
        .args(["logs", "--state", STATE, "--now", "2026-11-02T02:00:00Z", "-f", "json", "-o", "report.json"])
        .current_dir(nights.path())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |about| about.len())
}

/// Half of the kills are spread over the time that a run takes, half over what it has written to the log of the database, which it does at its end. Whatever
/// the machine is at, what must hold holds after each.
#[test]
fn a_run_that_is_killed_leaves_all_or_nothing() {
    let nights = recorded();
    for task in 0..60 {
        nights.fails(2, &format!("load_{}", task % 30), &format!("ValueError: {} is odd", "x".repeat(task % 9)));
        nights.fails(2 + task as u32 % 9, &format!("push_{task}"), RESET);
    }
    let [before, wal] = ["before.sqlite", "state.sqlite-wal"].map(|name| nights.path().join(name));
    let begin = || {
        for name in [STATE, "state.sqlite-wal", "state.sqlite-shm"] {
            let _ = fs::remove_file(nights.path().join(name));
        }
        fs::copy(&before, nights.state()).unwrap();
    };
    fs::copy(nights.state(), &before).unwrap();
    let nothing = dump(&before);
    let began = Instant::now();
    assert_eq!(start(&nights).wait().unwrap().code(), Some(1));
    let took = began.elapsed();
    let all = nights.dump();
    assert_ne!(nothing, all);
    begin();
    let (mut killed, mut lost) = (0, 0);
    for kill in 0..KILLS {
        let mut child = start(&nights);
        if kill % 2 == 0 {
            std::thread::sleep(took * kill / KILLS);
        } else {
            let wanted = u64::from(kill / 2) * 12_288;
            while length(&wal) <= wanted && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_micros(50));
            }
        }
        let _ = child.kill();
        killed += i32::from(child.wait().unwrap().code().is_none());
        let now = nights.dump();
        assert!(now == nothing || now == all, "after kill {kill}:\n{now}");
        lost += i32::from(now == nothing);
        if now == all {
            begin();
        }
    }
    assert!(killed > 0 && lost > 0, "no run was killed before it had recorded: {killed} were killed, {lost} lost");
    // What killed runs left in the file is nothing that the next one minds.
    assert_eq!(start(&nights).wait().unwrap().code(), Some(1));
    assert_eq!(nights.dump(), all);
    let told: bool = Connection::open(nights.state()).unwrap().query_row("SELECT min(told) FROM run", [], |row| row.get(0)).unwrap();
    assert!(told);
}
