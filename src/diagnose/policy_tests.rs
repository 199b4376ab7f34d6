//! Retry policies as code: what is named, what is left alone, and that nothing of a log but a proper name gets in.

use super::*;
use crate::record::Frame;

fn raised(module: Option<&str>, class: &str) -> Exception {
    Exception { module: module.map(str::to_owned), class: class.to_owned(), frames: vec![Frame::default()].into(), ..Exception::default() }
}

fn paths(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn classes_are_named_only_where_their_home_is_sure() {
    let named = |module, class, library| path_of(&raised(module, class), library);
    assert_eq!(named(Some("requests.exceptions"), "ConnectTimeout", None).as_deref(), Some("requests.exceptions.ConnectTimeout"));
    assert_eq!(named(None, "KeyError", None).as_deref(), Some("builtins.KeyError"));
    assert_eq!(named(None, "ConnectionError", Some("requests")).as_deref(), Some("requests.exceptions.ConnectionError"));
    assert_eq!(named(None, "ConnectionError", Some("redis")), None, "redis has one of its own");
    assert_eq!(named(None, "ConnectionError", None).as_deref(), Some("builtins.ConnectionError"));
    assert_eq!(named(None, "RemoteDisconnected", Some("urllib3")).as_deref(), Some("http.client.RemoteDisconnected"));
    assert_eq!(named(None, "BrokenOrder", None), None);
    assert_eq!(named(Some("unusual_prefix_0a1b_orders"), "BrokenOrder", None), None, "a DAG file cannot be imported by that name");
    assert_eq!(named(Some("__main__"), "BrokenOrder", None), None);
    assert_eq!(named(Some("numpy._core._exceptions"), "_ArrayMemoryError", None), None, "a private name");
    assert_eq!(named(None, "SyntaxError", None), None, "it may be a database's");
    for module in ["java.net", "org.apache.spark", "io.grpc", "de.acme.pipeline"] {
        let of_java = Exception { frames: Default::default(), ..raised(Some(module), "ConnectException") };
        assert_eq!(path_of(&of_java, None), None, "{module} is of another program, which has no frames of Python");
    }
    assert_eq!(named(Some("orders.errors"), "LateOrder", None).as_deref(), Some("orders.errors.LateOrder"));
    let in_a_file = Exception { syntax: Some(Default::default()), ..raised(None, "SyntaxError") };
    assert_eq!(path_of(&in_a_file, None).as_deref(), Some("builtins.SyntaxError"));
}

#[test]
fn hostile_names_never_become_code() {
    let hostile = [
        "X\", action=RetryAction.RETRY) or __import__(\"os\").system(\"id",
        "X\n__import__('os')",
        "X'",
        "X\\",
        "X Y",
        "X;Y",
        "X(Y)",
        "Ünder",
        "1X",
        "",
        "class",
        "<locals>",
        "X\u{202e}Y",
    ];
    for name in hostile {
        assert_eq!(path_of(&raised(Some("shop.errors"), name), None), None, "{name:?}");
        assert_eq!(path_of(&raised(Some(name), "BrokenOrder"), None), None, "{name:?}");
        assert_eq!(path_of(&raised(None, name), Some("requests")), None, "{name:?}");
        for act in [Act::GiveUp { tries: None }, Act::Wait(None), Act::BackOff] {
            assert_eq!(policy(act, &[format!("shop.{name}")], Dialect::Json), None, "{name:?}");
            assert_eq!(policy(act, &[format!("shop.{name}")], Dialect::Text), None, "{name:?}");
        }
    }
    assert_eq!(path_of(&raised(Some("shop"), &"X".repeat(101)), None), None);
    assert!(path_of(&raised(Some("shop"), &"X".repeat(100)), None).is_some());
}

#[test]
fn what_stays_fails_at_once() {
    let policy =
        policy(Act::GiveUp { tries: Some(3) }, &paths(&["builtins.KeyError"]), Dialect::Json).unwrap_or_else(|| panic!("a policy"));
    assert_eq!(policy.needs, "airflow >= 3.3");
    assert_eq!(
        policy.code,
        "from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule\n\
         policy = ExceptionRetryPolicy(rules=[\n    \
             RetryRule(exception=\"builtins.KeyError\",\n              \
                       action=RetryAction.FAIL, reason=\"failed on 3 tries in the same way\"),\n\
         ])\n\
         task_arguments = dict(retry_policy=policy)      # to the operator, or to @task\n"
    );
}

#[test]
fn a_class_that_stands_for_passing_faults_too_is_never_given_up_on() {
    for broad in ["requests.exceptions.HTTPError", "builtins.OSError", "airflow.exceptions.AirflowException", "psycopg2.OperationalError"] {
        for act in [Act::GiveUp { tries: Some(3) }, Act::GiveUp { tries: None }] {
            assert_eq!(policy(act, &paths(&[broad]), Dialect::Json), None, "{broad}");
            assert_eq!(policy(act, &paths(&["builtins.KeyError", broad]), Dialect::Text), None, "{broad}");
        }
        assert!(policy(Act::Wait(None), &paths(&[broad]), Dialect::Json).is_some(), "to wait does no harm: {broad}");
    }
}

#[test]
fn what_airflow_ends_by_itself_needs_no_policy() {
    for class in ["airflow.exceptions.AirflowSensorTimeout", "airflow.exceptions.AirflowFailException"] {
        assert_eq!(policy(Act::GiveUp { tries: None }, &paths(&[class]), Dialect::Json), None, "{class}");
    }
}

#[test]
fn the_delay_is_what_the_outage_took() {
    let delay = |outage| {
        let code = policy(Act::Wait(outage), &paths(&["builtins.ConnectionRefusedError"]), Dialect::Json)
            .map(|policy| policy.code)
            .unwrap_or_default();
        code.split("timedelta(minutes=").nth(1).and_then(|rest| rest.split(')').next()).map(str::to_owned)
    };
    let seconds = |seconds| Some(Span::seconds(seconds));
    for (outage, minutes) in
        [(None, "5"), (seconds(0), "1"), (seconds(60), "1"), (seconds(61), "2"), (seconds(3600), "60"), (seconds(90_000), "60")]
    {
        assert_eq!(delay(outage).as_deref(), Some(minutes), "{outage:?}");
    }
}

#[test]
fn earlier_versions_get_what_they_know() {
    let old = |act, names: &[&str]| policy(act, &paths(names), Dialect::Text).unwrap_or_else(|| panic!("a policy"));
    let give_up = old(Act::GiveUp { tries: None }, &["builtins.KeyError", "jinja2.exceptions.UndefinedError"]);
    assert_eq!(give_up.needs, "airflow >= 2.0");
    assert!(give_up.code.contains("import jinja2.exceptions\n") && !give_up.code.contains("import builtins"), "{}", give_up.code);
    assert!(give_up.code.contains("except (KeyError, jinja2.exceptions.UndefinedError) as error:\n"), "{}", give_up.code);
    let back_off = old(Act::BackOff, &["requests.exceptions.HTTPError"]);
    assert!(back_off.code.contains("retry_exponential_backoff=True") && !back_off.code.contains("RetryRule"), "{}", back_off.code);
}

#[test]
fn too_many_faces_are_no_case_for_a_rule_by_class() {
    let all = paths(&["builtins.KeyError", "builtins.TypeError", "builtins.ValueError", "builtins.IndexError"]);
    let act = Act::GiveUp { tries: Some(2) };
    assert!(policy(act, &all[..3], Dialect::Json).is_some());
    assert_eq!(policy(act, &all, Dialect::Json), None);
    assert_eq!(policy(act, &[], Dialect::Json), None);
}
