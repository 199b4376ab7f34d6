use super::*;
use crate::record::Record;

fn chain(exceptions: &str) -> Chain {
    Record::from_text(&format!("Traceback (most recent call last):\n  File \"/opt/airflow/dags/x.py\", line 1, in work\n{exceptions}"))
        .chain
}

/// Milliseconds and kind.
fn limit(message: &str) -> Option<(Option<i64>, Option<TimeoutKind>)> {
    timeout_in(message).map(|timeout| (timeout.limit.map(|limit| limit.0 / 1000), timeout.kind))
}

#[test]
fn limits_as_messages_state_them() {
    let cases = [
        ("HTTPSConnectionPool(host='a.lab', port=443): Read timed out. (read timeout=2)", 2000, TimeoutKind::Read),
        ("Connection to a.lab timed out. (connect timeout=3.5)", 3500, TimeoutKind::Connect),
        ("Timeout value connect was 20, but it must be an int, float or None.", 20_000, TimeoutKind::Connect),
        ("m.lab:27017: timed out, Timeout: 30s, Topology Description: <x>", 30_000, TimeoutKind::Total),
        ("QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00", 30_000, TimeoutKind::Pool),
        ("couldn't get a connection after 30.00 sec", 30_000, TimeoutKind::Pool),
        ("Statement reached its statement or warehouse timeout of 172800 second(s) and was canceled.", 172_800_000, TimeoutKind::Statement),
        ("Query exceeded maximum time limit of 5.00m", 300_000, TimeoutKind::Statement),
        ("canceling statement, statement_timeout=5000", 5000, TimeoutKind::Statement),
        ("Timeout of 120.0s exceeded, last exception: 503", 120_000, TimeoutKind::Total),
        ("Command '['sleep']' timed out after 5 seconds", 5000, TimeoutKind::Total),
        ("Operation timed out after 30001 milliseconds with 0 bytes received", 30_001, TimeoutKind::Total),
        ("DagFileProcessor timed out after 0:01:30.500000", 90_500, TimeoutKind::Total),
        ("Sensor has run for 60.1 s and exceeds the specified timeout of 60.0.", 60_000, TimeoutKind::Total),
        ("the task ran into its execution_timeout of 10.0 s", 10_000, TimeoutKind::Execution),
    ];
    for (message, millis, kind) in cases {
        assert_eq!(limit(message), Some((Some(millis), Some(kind))), "{message}");
    }
    assert_eq!(limit("canceling statement due to statement timeout"), Some((None, Some(TimeoutKind::Statement))));
    for message in ["timed out", "Timeout value connect was 5s, but it must be an int", "(read timeout=None)", "(read timeout=0)", ""] {
        assert_eq!(limit(message), None, "{message}");
    }
}

#[test]
fn a_class_tells_the_kind_where_no_message_tells_the_limit() {
    assert_eq!(timeout_of(&chain("httpx.ConnectTimeout: timed out")), Some(Timeout { limit: None, kind: Some(TimeoutKind::Connect) }));
    let execution = timeout_of(&chain("airflow.exceptions.AirflowTaskTimeout: Timeout, PID: 120"));
    assert_eq!(execution, Some(Timeout { limit: None, kind: Some(TimeoutKind::Execution) }));
    assert_eq!(timeout_of(&chain("TimeoutError: timed out")), None);
}

#[test]
fn a_line_of_the_task_announces_a_limit() {
    let millis = |text: &str| announced_timeout(text).and_then(|timeout| timeout.limit).map(|limit| limit.0 / 1000);
    assert_eq!(millis("GET https://a.lab/x timeout=20"), Some(20_000));
    assert_eq!(millis("GET https://a.lab/x (timeout=0.5s)"), Some(500));
    assert_eq!(millis("GET https://a.lab/x timeout=250ms"), Some(250));
    for text in ["GET https://a.lab/x timeout=None", "GET https://a.lab/x?timeout=20", "timeout=20min", "execution_timeout=20"] {
        assert_eq!(millis(text), None, "{text}");
    }
}

#[test]
fn times_that_are_stated_are_exact() {
    let millis = |text: &str| elapsed_in(text).filter(|elapsed| elapsed.bound == Bound::Exact).map(|elapsed| elapsed.span.0 / 1000);
    assert_eq!(millis("call failed, elapsed 3.2s"), Some(3200));
    assert_eq!(millis("elapsed: 3.25 s"), Some(3250));
    assert_eq!(millis("GET /x failed in 12.03s."), Some(12_030));
    assert_eq!(millis("GET /x took 40 ms"), Some(40));
    assert_eq!(millis("Failed to connect to a.lab port 443 after 3 ms: Connection refused"), Some(3));
    assert_eq!(millis("Operation timed out after 30001 milliseconds with 0 bytes received"), Some(30_001));
    for text in ["retrying in 3.0s", "rate limited, try again in 12s", "token expires in 60s", "in 3stages", "in 3 ways", ""] {
        assert_eq!(millis(text), None, "{text}");
    }
}

#[test]
fn sizes_as_messages_state_them() {
    let got = |message: &str| bytes_in(message).map(|bytes| (bytes.received, bytes.expected, bytes.sent, bytes.limit));
    let cases = [
        ("IncompleteRead(100 bytes read, 23 more expected)", (Some(100), Some(123), None, None)),
        ("IncompleteRead(0 bytes read)", (Some(0), None, None, None)),
        (
            "peer closed connection without sending complete message body (received 17 bytes, expected 100)",
            (Some(17), Some(100), None, None),
        ),
        ("5 read, but total bytes expected is 9.", (None, Some(9), None, None)),
        ("transfer closed with 7 out of 90 bytes received", (Some(7), Some(90), None, None)),
        ("Received message larger than max (5000000 vs. 4194304)", (Some(5_000_000), None, None, Some(4_194_304))),
        ("The message is 1048999 bytes when serialized which is larger than ..", (None, None, Some(1_048_999), None)),
        ("entity content is too long [900] for the configured buffer limit [500]", (None, None, Some(900), Some(500))),
        ("the request was rejected because its size (900) exceeds the configured maximum (500)", (None, None, Some(900), Some(500))),
        ("413 Request Entity Too Large: payload too large: 900 bytes, limit 500", (None, None, Some(900), Some(500))),
    ];
    for (message, sizes) in cases {
        assert_eq!(got(message), Some(sizes), "{message}");
    }
    assert_eq!(got("IncompleteRead(x bytes read)"), None);
    assert_eq!(got("IncompleteRead(18446744073709551615 bytes read, 1 more expected)").and_then(|bytes| bytes.1), None);
    assert_eq!(got("99999999999999999999999 read"), None);
}
