//! One task instance in every form of export, and what is wrong with exports.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use super::{Instance, State, parse_instances};
use crate::record::Outcome;

fn read(text: &str) -> (Vec<Instance>, Vec<String>) {
    let (instances, problems) = parse_instances("ti", text.as_bytes()).unwrap();
    assert!(problems.iter().all(|problem| problem.path == "ti" && problem.kind.name() == "task-instances" && !problem.kind.is_loss()));
    (instances, problems.into_iter().map(|problem| problem.says).collect())
}

/// `line dag|run|task|map|try state host started`, with `-` for what is not known.
fn shown(instance: &Instance) -> String {
    let task = &instance.task;
    let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
    let name = |part: &Option<std::sync::Arc<str>>| part.as_deref().unwrap_or("-").to_owned();
    format!(
        "{} {}|{}|{}|{}|{} {} {} {}",
        instance.line,
        name(&task.dag_id),
        name(&task.run_id),
        name(&task.task_id),
        text(&task.map_index.map(|n| n.to_string())),
        text(&task.try_number.map(|n| n.to_string())),
        instance.state.map_or("-", State::name),
        text(&instance.host),
        text(&instance.started.map(|at| at.to_string())),
    )
}

fn one(text: &str) -> String {
    let (instances, problems) = read(text);
    assert_eq!((instances.len(), problems), (1, vec![]), "{text}");
    shown(&instances[0])
}

const RUN: &str = "scheduled__2024-05-01T00:00:00+00:00";

#[test]
fn the_same_instance_in_every_form() {
    let whole = format!("a|{RUN}|t|-|2 failed w1 2024-05-01T01:00:00.5Z");
    for (line, text) in [
        (
            2,
            format!(
                "task_id,dag_id,run_id,map_index,start_date,state,try_number,hostname,executor_config\nt,a,{RUN},-1,2024-05-01 01:00:00.5+00,failed,2,w1,\\x80057d942e\n"
            ),
        ),
        (
            3,
            format!(
                "\u{feff}\n\"dag_id\";\"task_id\";\"run_id\";\"start_date\";\"state\";\"try_number\";\"hostname\"\r\na;t;{RUN};2024-05-01 02:00:00.500000+01:00;FAILED;2.0;w1\r\n"
            ),
        ),
        (
            2,
            format!(
                "dag_id\ttask_id\trun_id\tstart_date\tstate\ttry_number\thostname\tpid\na\tt\t{RUN}\t2024-05-01 01:00:00.5\tfailed\t2\tw1\t\\N\n"
            ),
        ),
        (
            3,
            format!(
                " dag_id | task_id |  run_id | start_date | state  | try_number | hostname \n--------+---------+---------+------------+--------+------------+----------\n a      | t       | {RUN} | 2024-05-01 01:00:00.5+00 | failed |          2 | w1\n(1 row)\n\n"
            ),
        ),
        (
            4,
            format!(
                "+---+---+\n| dag_id | task_id | run_id | start_date | state | try_number | hostname |\n+---+---+\n| a | t | {RUN} | 2024-05-01 01:00:00.500000 | failed | 2 | w1 |\n+---+---+\n"
            ),
        ),
        (
            2,
            format!(
                "{{\"task_instances\": [\n {{\"dag_id\": \"a\", \"dag_run_id\": \"{RUN}\", \"task_id\": \"t\", \"map_index\": -1, \"try_number\": 2, \"state\": \"failed\", \"hostname\": \"w1\", \"start_date\": \"2024-05-01T01:00:00.500000+00:00\", \"trigger\": null, \"rendered_fields\": {{\"x\": [1]}}}}\n], \"total_entries\": 1}}"
            ),
        ),
        (
            1,
            format!(
                "[{{\"dag_id\":\"a\",\"run_id\":\"{RUN}\",\"task_id\":\"t\",\"try_number\":2,\"state\":\"failed\",\"hostname\":\"w1\",\"start_date\":\"2024-05-01T01:00:00.5Z\"}}]"
            ),
        ),
    ] {
        assert_eq!(one(&text), format!("{line} {whole}"), "{text}");
    }
}

/// `airflow tasks states-for-dag-run` names neither run, try nor host.
#[test]
fn the_command_lines_forms() {
    let want = "a|-|t|-|- success - 2024-05-01T01:00:00Z";
    for (line, text) in [
        (
            1,
            r#"[{"dag_id": "a", "execution_date": "2024-05-01T00:00:00+00:00", "task_id": "t", "state": "success", "start_date": "2024-05-01T01:00:00+00:00", "end_date": ""}]"#,
        ),
        (
            2,
            "---\n- dag_id: a\n  end_date: ''\n  execution_date: '2024-05-01T00:00:00+00:00'\n  start_date: '2024-05-01T01:00:00+00:00'\n  state: success\n  task_id: t\n",
        ),
        (
            4,
            "UserWarning: something, else\ndag_id | execution_date            | task_id | state   | start_date                | end_date\n=======+===========================+=========+=========+===========================+=========\na      | 2024-05-01T00:00:00+00:00 | t       | success | 2024-05-01T01:00:00+00:00 |         \n",
        ),
        (
            2,
            "dag_id    execution_date             task_id    state    start_date                 end_date      map_index\na         2024-05-01T00:00:00+00:00  t          success  2024-05-01T01:00:00+00:00                        -1\n",
        ),
    ] {
        assert_eq!(one(text), format!("{line} {want}"), "{text}");
        let date = read(text).0[0].logical_date.unwrap().to_string();
        assert_eq!(date, "2024-05-01T00:00:00Z", "{text}");
    }
}

#[test]
fn lists_in_lists_and_lines() {
    let row = |task: &str| format!("{{\"dag_id\":\"a\",\"task_id\":\"{task}\",\"run_id\":\"r\"}}");
    let (x, y) = (row("x"), row("y"));
    for text in [
        format!("{x}\n\n{y}\n"),
        format!("[[{x}],[{y}]]"),
        format!("[{{\"task_instances\":[{x}]}},{{\"task_instances\":[{y}]}}]"),
        format!("{{\"task_instances\":[{x}],\"total_entries\":2}}\n{{\"task_instances\":[{y}],\"total_entries\":2}}\n"),
    ] {
        let (instances, problems) = read(&text);
        let tasks: Vec<_> = instances.iter().filter_map(|instance| instance.task.task_id.as_deref()).collect();
        assert_eq!((tasks, problems), (vec!["x", "y"], vec![]), "{text}");
    }
    let (_, problems) = read(&format!("{{\"task_instances\":[{x}],\"total_entries\":300}}"));
    assert!(problems[0].starts_with("line 1: it holds 1 of 300 task instances"), "{problems:?}");
    let lines: Vec<u32> = read(&format!("[\n{x},\n\n{y}\n]")).0.iter().map(|instance| instance.line).collect();
    assert_eq!(lines, [2, 4]);
}

#[test]
fn all_that_a_row_may_say() {
    let text = "dag_id,task_id,run_id,map_index,try_number,max_tries,state,queue,pool,operator,pid,start_date,duration,queued_dttm,updated_at\n\
                a,t,manual__2024-05-01T00_00_00+00_00,3,1,2,up_for_retry,heavy,db,Bash,77,2024-05-01T01:00:00Z,90.5,2024-05-01T00:59:00Z,2024-05-01T02:00:00Z\n\
                a,u,r,-1,0,0,,,,,,,,,\n";
    let (instances, problems) = read(text);
    assert_eq!(problems, Vec::<String>::new());
    let row = &instances[0];
    assert_eq!((row.task.map_index, row.max_tries, row.pid), (Some(3), Some(3), Some(77)));
    assert_eq!(row.task.run_id.as_deref(), Some("manual__2024-05-01T00:00:00+00:00"));
    let words = [&row.queue, &row.pool, &row.operator].map(|word| word.as_deref().unwrap());
    assert_eq!((words, row.state), (["heavy", "db", "Bash"], Some(State::Reached(Outcome::UpForRetry))));
    let times = [row.ended, row.queued, row.updated, row.logical_date].map(|at| at.unwrap().to_string());
    assert_eq!(times, ["2024-05-01T01:01:30.5Z", "2024-05-01T00:59:00Z", "2024-05-01T02:00:00Z", "2024-05-01T00:00:00Z"]);
    assert_eq!(shown(&instances[1]), "3 a|r|u|-|- - - -");
}

#[test]
fn bad_rows_and_cells_are_named_and_the_others_are_used() {
    let text = "dag_id,task_id,run_id,try_number,state,start_date\na,t,r,two,failed,2024-02-30 00:00:00\na,,r,1,failed,\na,t\na,u,r,1,lost,yesterday\na,v,r,1,failed,2024-05-01\n";
    let (instances, problems) = read(text);
    let rows: Vec<String> = instances.iter().map(shown).collect();
    assert_eq!(rows, ["2 a|r|t|-|- failed - -", "5 a|r|u|-|1 - - -", "6 a|r|v|-|1 failed - -"]);
    let begin = ["line 2: 'two' is no try_number", "line 2: '2024-02-30 00:00:00' is no start_date", "line 3: the row names no dag_id"];
    for (says, begin) in problems.iter().zip(begin) {
        assert!(says.starts_with(begin), "{says}");
    }
    assert!(
        problems[3].starts_with("line 4: the row has 2 cells under 6 columns") && problems[4].starts_with("line 5: 'lost' is no state")
    );
    let (instances, problems) = read("{\"dag_id\":\"a\",\"task_id\":\"t\"}\nnot json\n{\"dag_id\":[1],\"task_id\":\"t\"}\n");
    assert_eq!((instances.len(), problems.len()), (2, 1), "{instances:?} {problems:?}");
    let many = format!("dag_id,task_id,pid\n{}", "a,t,x\n".repeat(50));
    let (instances, problems) = read(&many);
    assert_eq!((instances.len(), problems.len()), (50, 21));
    assert_eq!(problems[20], "30 more rows or cells were not understood");
}

#[test]
fn what_is_no_export_is_an_error() {
    for (text, says) in [
        ("", "nothing"),
        ("\n\n", "nothing"),
        ("[2024-05-01] INFO - a log\nmore", "line 1, is in no form that is known: it holds JSON that is broken at column "),
        ("\nonce upon a time", "line 2, is in no form that is known: it holds 'once upon a time'"),
        ("dag_id,state\na,failed\n", "'dag_id,state'"),
        ("{\"error\": \"unauthorized\"}", "an object with the keys 'error'"),
        ("[\n{\"dag_id\": \"a\",\n \"task_id\": }]", "line 3, is in no form that is known: it holds JSON that is broken at column 13"),
        ("3", "'3'"),
        ("\u{0}\u{0}", "binary"),
    ] {
        let error = parse_instances("my.csv", text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("'my.csv'") && error.contains(says) && error.contains("write one with"), "{text}: {error}");
    }
    // A list as deep as it may be written is no crash.
    assert!(parse_instances("x", "[".repeat(100_000).as_bytes()).is_err());
}
