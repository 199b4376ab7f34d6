#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use super::*;
use crate::record::Record;

const DOWNLOADED: &str = "[2026-11-21T07:13:06.511898Z] ERROR - Task failed with exceptionConnectionError: ('Connection aborted.', RemoteDisconnected('closed'))\n    File /opt/airflow/dags/pull.py, line 34 in pull\n    File /usr/lib/python3.11/site-packages/requests/adapters.py, line 682 in send\n,ProtocolError: ('Connection aborted.', RemoteDisconnected('closed'))\n    File /usr/lib/python3.11/site-packages/urllib3/connectionpool.py, line 787 in urlopen\n,RemoteDisconnected: closed\nin two lines\n    File /usr/local/lib/python3.11/http/client.py, line 300 in _read_status\n\n";

const AS_JSON: &str = r#"{"timestamp":"2026-11-21T07:13:06.511898Z","level":"error","event":"Task failed with exception","error_detail":[{"exc_type":"ConnectionError","exc_value":"('Connection aborted.', RemoteDisconnected('closed'))","is_cause":false,"frames":[{"filename":"/opt/airflow/dags/pull.py","lineno":34,"name":"pull"},{"filename":"/usr/lib/python3.11/site-packages/requests/adapters.py","lineno":682,"name":"send"}],"exceptions":[]},{"exc_type":"ProtocolError","exc_value":"('Connection aborted.', RemoteDisconnected('closed'))","is_cause":false,"frames":[{"filename":"/usr/lib/python3.11/site-packages/urllib3/connectionpool.py","lineno":787,"name":"urlopen"}]},{"exc_type":"RemoteDisconnected","exc_value":"closed\nin two lines","is_cause":false,"frames":[{"filename":"/usr/local/lib/python3.11/http/client.py","lineno":300,"name":"_read_status"}]}]}"#;

#[test]
fn the_downloaded_text_gives_what_the_json_gives() {
    let (text, json) = (Record::from_text(DOWNLOADED), Record::from_text(AS_JSON));
    assert_eq!(text.text, json.text);
    assert_eq!((text.time, text.level), (json.time, json.level));
    let plain = |record: &Record| {
        let of = |exception: &Exception| (exception.class.clone(), exception.message.clone(), exception.frames.clone(), exception.at);
        record.chain.exceptions.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(plain(&text), plain(&json));
    let links: Vec<Link> = text.chain.exceptions.iter().map(|exception| exception.link).collect();
    assert_eq!(links, [Link::First, Link::CauseOrContext, Link::CauseOrContext]);
    assert_eq!((text.rendered, text.line_count), (true, 1));
}

#[test]
fn the_class_begins_where_the_event_ends() {
    let cases = [
        ("Task failed with exceptionHTTPError: 503", "Task failed with exception", "HTTPError"),
        ("Task failed with exceptionAirflowException: no", "Task failed with exception", "AirflowException"),
        ("Task failed with exceptiongaierror: [Errno -2] Name", "Task failed with exception", "gaierror"),
        ("Task failed with exceptionExceptionGroup: 3 failed", "Task failed with exception", "ExceptionGroup"),
        (
            "Task failed with exception exit_code=3 loc=a.py:12 TimeoutError: ",
            "Task failed with exception exit_code=3 loc=a.py:12",
            "TimeoutError",
        ),
        ("Callback failed!KeyError: 'x'", "Callback failed!", "KeyError"),
        ("exited with error: (ID 7) reset by peerClientOSError: [Errno 104]", "exited with error: (ID 7) reset by peer", "ClientOSError"),
        ("could not pokeRetry: later", "could not poke", "Retry"),
        ("two\nlinesValueError: (psycopg2.OperationalError: no)", "two\nlines", "ValueError"),
        ("KeyError: 'x'", "", "KeyError"),
    ];
    for (head, event, class) in cases {
        let (text, chain) = convert(&format!("{head}\n    File /opt/airflow/dags/a.py, line 3 in f\n")).unwrap();
        assert_eq!(chain.raised().map(|raised| raised.class.as_str()), Some(class), "{head}");
        let event = if event.is_empty() { String::new() } else { format!("{event}\n") };
        assert!(
            text.starts_with(&format!(
                "{event}Traceback (most recent call last):\n  File \"/opt/airflow/dags/a.py\", line 3, in f\n{class}"
            )),
            "{text}"
        );
    }
}

#[test]
fn other_texts_are_left_alone() {
    for text in [
        "Failed\n    File \"a.py\", line 1, in f\nKeyError: 1",
        "Files:\n    File report.csv was read\n    File other.csv was not",
        "words\n    File a.py, line 3 in f\n",
        "::group::Log message source detailssources=[\"/logs/attempt=1.log\"] ",
    ] {
        assert!(convert(text).is_none(), "{text}");
    }
}

#[test]
fn an_excerpt_may_begin_with_a_later_exception() {
    let (text, chain) = convert(",ProtocolError: closed\n    File /a/b.py, line 3 in f\n,OSError: gone\nmore words").unwrap();
    let classes: Vec<&str> = chain.exceptions.iter().map(|exception| exception.class.as_str()).collect();
    assert_eq!(classes, ["OSError", "ProtocolError"]);
    assert_eq!(chain.exceptions[0].message, "gone\nmore words");
    assert!(text.ends_with("ProtocolError: closed"));
}

#[test]
fn what_follows_the_frames_is_kept() {
    let (text, chain) = convert("brokenKeyError: 1\n    File /a/b.py, line 3 in f\nand then words").unwrap();
    assert_eq!(chain.exceptions.len(), 1);
    assert!(text.ends_with("KeyError: 1\nand then words"), "{text}");
}

#[test]
fn wherever_a_log_is_cut_nothing_breaks() {
    let group = "  + Exception Group Traceback (most recent call last):\n  |   File \"ä.py\", line 1, in f\n  | ExceptionGroup: é (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | OSError: ü\n    | \n    | The above exception was the direct cause of the following exception:\n    | \n    | Traceback (most recent call last):\n    |   File \"b.py\", line 4, in h\n    | lib.Ö: x\n    +---------------- 2 ----------------\n    | KeyError: 'a'\n    +------------------------------------\n";
    for whole in [DOWNLOADED, AS_JSON, group] {
        let places: Vec<usize> = (0..=whole.len()).filter(|at| whole.is_char_boundary(*at)).collect();
        for (index, &at) in places.iter().enumerate() {
            let far = places[(index * 7 + 31) % places.len()];
            for text in [&whole[..at], &whole[at..], whole.get(at.min(far)..at.max(far)).unwrap()] {
                let record = Record::from_text(text);
                let count = record.chain.exceptions.len();
                assert!(record.chain.exceptions.iter().all(|exception| record.text.is_char_boundary(exception.at)), "{text}");
                assert!(record.chain.exceptions.iter().all(|exception| exception.group.is_none_or(|group| group < count)), "{text}");
                assert!(record.chain.exceptions.first().is_none_or(|root| root.link == Link::First), "{text}");
            }
        }
    }
}
