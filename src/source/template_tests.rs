//! Templates, the names they make, and what is read of them.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use super::Naming;

fn naming(template: &str) -> Naming {
    Naming::new(&[template.to_owned()]).unwrap()
}

/// `kind dag|run|task|map|try`, with `-` for what is not known.
fn shown(template: &str, name: &str) -> String {
    let source = naming(template).source(name, None);
    let task = source.task;
    let text = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
    format!(
        "{} {}|{}|{}|{}|{}",
        source.kind.name(),
        text(task.dag_id.map(|name| name.to_string())),
        text(task.run_id.map(|name| name.to_string())),
        text(task.task_id.map(|name| name.to_string())),
        text(task.map_index.map(|n| n.to_string())),
        text(task.try_number.map(|n| n.to_string()))
    )
}

#[test]
fn templates_read_the_names_they_make() {
    let default = "dag_id={{ ti.dag_id }}/run_id={{ ti.run_id }}/task_id={{ ti.task_id }}/\
                   {% if ti.map_index >= 0 %}map_index={{ ti.map_index }}/{% endif %}attempt={{ try_number }}.log";
    let old = "{{ ti.dag_id }}/{{ ti.task_id }}/{{ ts }}/{{ try_number }}.log";
    let either = "{% if dag_run.run_type == 'manual' -%} hand/{% elif true %}auto/{% else %}x/{% endif %}{{dag_run.run_id}}/{{task.task_id}}.{{ti.try_number}}.txt";
    for (template, name, want) in [
        (default, "/logs/dag_id=a/run_id=r/task_id=g.t/attempt=2.log", "task a|r|g.t|-|2"),
        (default, "dag_id=a/run_id=r/task_id=t/map_index=7/attempt=2.log.gz", "task a|r|t|7|2"),
        (default, "dag_id=a/run_id=r/task_id=t/attempt=2.log.trigger.13.log", "trigger a|r|t|-|2"),
        (old, "x/y/a/t/2024-05-01T00:00:00+00:00/1.log", "task a|2024-05-01T00:00:00+00:00|t|-|1"),
        (old, "a/t/2024-05-01T00_00_00%2B00_00/1.log.2.gz", "task a|2024-05-01T00:00:00+00:00|t|-|1"),
        ("{dag_id}/{task_id}/{execution_date}/{try_number}.log", "a/t/20240501T000000/3.log", "task a|2024-05-01T00:00:00+00:00|t|-|3"),
        // One part of a path may hold several values; Airflow's own run ids are told by their form.
        (
            "{{ ti.dag_id }}__{{ run_id }}__{{ ti.task_id }}_{{ try_number }}.log",
            "a__manual__2024-05-01T00_00_00+00_00__load_all_2.log",
            "task a|manual__2024-05-01T00:00:00+00:00|load_all|-|2",
        ),
        ("{{ ti.dag_id }}-{{ run_id }}-{{ ti.task_id }}.{{ try_number }}", "a-my-t.4", "task a|my|t|-|4"),
        (
            "{{ execution_date.strftime('%Y/%m/%d/%H%M%S') }}/{{ dag.dag_id }}/{{ task_id }}.log",
            "logs/2024/05/01/063000/a/t.log",
            "task a|2024-05-01T06:30:00+00:00|t|-|-",
        ),
        ("{{ ds }}/{{ ti.dag_id }}.{{ ti.task_id }}.log", "2024-05-01/a.g.t.log", "task a|2024-05-01|g.t|-|-"),
        ("{{ ti.dag_id | replace('.', '_') }}/{{ ti.task_id|lower }}/{{ ti.hostname }}.log", "a/t/worker-1.log", "task a|-|t|-|-"),
        (either, "auto/r/t.1.txt", "task -|r|t|-|1"),
        ("/{{ ti.dag_id }}/{{ ti.dag_id }}_{{ ti.task_id }}.log", "a/a_load_t.log", "task a|-|load_t|-|-"),
        (r"{{ ti.dag_id }}/{{ ti.task_id }}/{{ try_number }}.log", r"C:\logs\a\t\1.log", "task a|-|t|-|1"),
        // What does not fit is named as it is by default.
        (old, "dag_id=a/run_id=r/task_id=t/attempt=1.log", "task a|r|t|-|1"),
        (old, "scheduler.log", "scheduler -|-|-|-|-"),
        ("/{{ ti.dag_id }}/{{ ti.dag_id }}_{{ ti.task_id }}.log", "a/b_t.log", "other -|-|-|-|-"),
    ] {
        assert_eq!(shown(template, name), want, "{template} on {name}");
    }
}

#[test]
fn the_first_template_that_fits_counts() {
    let naming = Naming::new(&["{{ ti.task_id }}/{{ try_number }}.log".to_owned(), "{dag_id}/{task_id}/x.log".to_owned()]).unwrap();
    assert_eq!(naming.source("a/t/x.log", None).task.dag_id.as_deref(), Some("a"));
    assert_eq!(naming.source("in.zip", Some("deep/t/3.log")).task.try_number, Some(3));
}

#[test]
fn what_is_not_understood_is_told_with_its_column() {
    for (template, column, says) in [
        ("{{ ti.task_id }}/{{ ti.dagid }}.log", 21, "unknown variable 'ti.dagid'; known are dag_id, "),
        ("{task_id}/{dag}.log", 12, "unknown variable 'dag'"),
        ("é{task_id", 2, "this brace has no partner"),
        ("{task_id}/}", 11, "this brace has no partner"),
        ("{{ ti.task_id }}/{{ x", 18, "no '}}' follows"),
        ("{{ ti.task_id }}{% if x %}a", 17, "this 'if' has no 'endif'"),
        ("{{ ti.task_id }}{% endif %}", 20, "without an 'if'"),
        ("{{ ti.task_id }}{% for x in y %}{% endfor %}", 20, "'for' is not understood"),
        ("{{ ti.task_id if x else y }}", 14, "'if x else y' is not understood"),
        ("{{ ti.task_id.frobnicate() }}", 4, "the method 'frobnicate'"),
        ("{{ ti.dag_id }}.log", 1, "it names no task"),
        ("", 1, "it names no task"),
    ] {
        let error = Naming::new(&[template.to_owned()]).unwrap_err().to_string();
        assert!(error.contains(&format!("column {column}: ")) && error.contains(says), "{template}: {error}");
    }
}
