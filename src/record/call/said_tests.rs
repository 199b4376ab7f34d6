//! What client libraries really say, against what is read out of it. `tests/calls/provoke.py` made them say it.

use super::*;

/// Tracebacks and lines, each under a title with the library's version.
const SAID: &str = include_str!("../../../tests/calls/said.txt");

fn said() -> impl Iterator<Item = (&'static str, Call)> {
    SAID.split("== ").skip(1).map(|part| {
        let (title, text) = part.split_once('\n').unwrap_or((part, ""));
        (title.split(" (").next().unwrap_or_default(), Call::of(&Record::from_text(text.trim_end())))
    })
}

/// Title, endpoint, path, method, library and phase.
const FACTS: [(&str, &str, &str, &str, &str, &str); 73] = [
    ("requests refused", "127.0.0.1:18001", "/v1/items", "POST", "requests", "connect"),
    ("urllib3 refused", "127.0.0.1:18001", "", "", "urllib3", "connect"),
    ("httpx refused", "", "", "PUT", "httpx", "connect"),
    ("aiohttp refused", "127.0.0.1:18001", "", "", "aiohttp", "connect"),
    ("requests silent", "127.0.0.1:18002", "", "POST", "requests", "wait"),
    ("urllib3 silent", "127.0.0.1:18002", "", "", "urllib3", "wait"),
    ("httpx silent", "", "", "PUT", "httpx", "wait"),
    ("aiohttp silent", "", "", "", "aiohttp", "wait"),
    ("requests reset", "", "", "POST", "requests", "wait"),
    ("urllib3 reset", "", "", "", "urllib3", "wait"),
    ("httpx reset", "", "", "PUT", "httpx", "wait"),
    ("aiohttp reset", "", "", "", "aiohttp", "wait"),
    ("requests short", "", "", "POST", "requests", "read"),
    ("urllib3 short", "", "", "", "urllib3", "read"),
    ("httpx short", "", "", "PUT", "httpx", "read"),
    ("aiohttp short", "", "", "", "aiohttp", "read"),
    ("requests chunk", "", "", "POST", "requests", "read"),
    ("urllib3 chunk", "", "", "", "urllib3", "read"),
    ("httpx chunk", "", "", "PUT", "httpx", "read"),
    ("aiohttp chunk", "", "", "", "aiohttp", "read"),
    ("requests junk", "", "", "POST", "requests", "wait"),
    ("urllib3 junk", "", "", "", "urllib3", "wait"),
    ("httpx junk", "", "", "PUT", "httpx", "wait"),
    ("aiohttp junk", "127.0.0.1:18007", "/v1/items", "", "aiohttp", "wait"),
    ("aiohttp connect", "127.0.0.1:18008", "/v1/items", "", "aiohttp", "connect"),
    ("aiohttp read", "", "", "", "aiohttp", "wait"),
    ("requests connect", "127.0.0.1:18008", "/v1/items", "GET", "requests", "connect"),
    ("httpx connect", "", "", "GET", "httpx", "connect"),
    ("requests tls", "127.0.0.1:18007", "/v1/items", "GET", "requests", "tls"),
    ("httpx tls", "", "", "GET", "httpx", "tls"),
    ("aiohttp tls", "127.0.0.1:18007", "", "", "aiohttp", "tls"),
    ("requests dns", "no-such-host.invalid:443", "/v1/items", "GET", "requests", "resolve"),
    ("httpx dns", "", "", "GET", "httpx", "resolve"),
    ("aiohttp dns", "no-such-host.invalid:443", "", "", "aiohttp", "resolve"),
    ("requests ipv6", "[::1]:1", "/v1", "GET", "requests", "connect"),
    ("httpx ipv6", "", "", "GET", "httpx", "connect"),
    ("aiohttp ipv6", "[::1]:1", "", "", "aiohttp", "connect"),
    ("requests busy", "127.0.0.1:18006", "/v1/items", "", "requests", ""),
    ("httpx busy", "127.0.0.1:18006", "/v1/items", "", "httpx", ""),
    ("aiohttp busy", "127.0.0.1:18006", "/v1/items", "", "aiohttp", ""),
    ("requests proxy", "127.0.0.1:18001", "", "GET", "requests", "connect"),
    ("requests retries", "127.0.0.1:18006", "/v1/items", "GET", "requests", ""),
    ("urllib refused", "", "", "", "urllib", "connect"),
    ("urllib silent", "", "", "", "urllib", "wait"),
    ("urllib dns", "", "", "", "urllib", "resolve"),
    ("psycopg2 refused", "localhost:18001", "", "", "psycopg2", "connect"),
    ("psycopg2 silent", "127.0.0.1:18002", "", "", "psycopg2", "connect"),
    ("psycopg2 reset", "127.0.0.1:18003", "", "", "psycopg2", "connect"),
    ("psycopg2 ipv6", "[::1]:1", "", "", "psycopg2", "connect"),
    ("psycopg2 dns", "no-such-host.invalid", "", "", "psycopg2", "resolve"),
    ("pymysql refused", "127.0.0.1", "", "", "pymysql", "connect"),
    ("pymysql dns", "no-such-host.invalid", "", "", "pymysql", "resolve"),
    ("mysql-connector refused", "127.0.0.1:18001", "", "", "mysql-connector", "connect"),
    ("sqlalchemy postgresql+psycopg2", "127.0.0.1:18001", "", "", "psycopg2", "connect"),
    ("sqlalchemy mysql+pymysql", "127.0.0.1", "", "", "pymysql", "connect"),
    ("pymongo refused", "127.0.0.1:18001", "", "", "pymongo", "connect"),
    ("redis refused", "127.0.0.1:18001", "", "", "redis", "connect"),
    ("redis reset", "127.0.0.1:18003", "", "", "redis", "wait"),
    ("redis silent", "", "", "", "redis", "wait"),
    ("redis connect", "", "", "", "redis", "connect"),
    ("redis dns", "no-such-host.invalid:6379", "", "", "redis", "resolve"),
    ("boto3 refused", "127.0.0.1:18001", "/b/k", "", "boto3", "connect"),
    ("boto3 reset", "127.0.0.1:18003", "/b/k", "", "boto3", "wait"),
    ("boto3 silent", "127.0.0.1:18002", "/b/k", "", "boto3", "wait"),
    ("boto3 connect", "127.0.0.1:18008", "/b/k", "", "boto3", "connect"),
    ("boto3 busy", "", "", "", "boto3", ""),
    ("boto3 dns", "no-such-host.invalid:443", "/b/k", "", "boto3", "resolve"),
    ("paramiko refused", "127.0.0.1:18001", "", "", "paramiko", "connect"),
    ("paramiko reset", "", "", "", "paramiko", "connect"),
    ("grpc refused", "127.0.0.1:18001", "", "", "grpc", "connect"),
    ("kafka refused", "", "", "", "kafka", "connect"),
    ("kafka attempt", "127.0.0.1:18001", "", "", "kafka", "connect"),
    ("kafka closing", "127.0.0.1:18001", "", "", "kafka", "connect"),
];

#[test]
fn where_it_went_and_what_it_did() {
    let mut told = 0;
    for ((title, call), expected) in said().zip(FACTS) {
        let path = call.endpoint.as_ref().and_then(|endpoint| endpoint.path.as_deref()).unwrap_or_default();
        let endpoint = call.endpoint.as_ref().map(Endpoint::key).unwrap_or_default();
        let (method, library) = (call.method.as_deref().unwrap_or_default(), call.library.unwrap_or_default());
        assert_eq!((title, endpoint.as_str(), path, method, library, call.phase.map(Phase::name).unwrap_or_default()), expected);
        told += 1;
    }
    assert_eq!((told, said().count()), (FACTS.len(), FACTS.len()));
}

#[test]
fn limits_and_sizes() {
    let limits: Vec<(&str, Option<f64>, &str)> = said()
        .filter_map(|(title, call)| {
            let timeout = call.timeout?;
            Some((title, timeout.limit.map(Span::as_secs_f64), timeout.kind.map(TimeoutKind::name).unwrap_or_default()))
        })
        .collect();
    let expected = [
        ("requests silent", Some(0.5), "read"),
        ("urllib3 silent", Some(0.5), "read"),
        ("httpx silent", None, "read"),
        ("aiohttp connect", None, "connect"),
        ("aiohttp read", None, "read"),
        ("requests connect", Some(0.3), "connect"),
        ("httpx connect", None, "connect"),
        ("psycopg2 silent", None, "connect"),
        ("pymongo refused", Some(0.3), "total"),
        ("redis silent", None, "read"),
        ("redis connect", None, "connect"),
        ("boto3 silent", Some(0.5), "read"),
        ("boto3 connect", Some(0.3), "connect"),
    ];
    assert_eq!(limits, expected);
    let sizes: Vec<(&str, Option<u64>, Option<u64>)> =
        said().filter_map(|(title, call)| call.bytes.map(|bytes| (title, bytes.received, bytes.expected))).collect();
    let expected = [
        ("urllib3 short", Some(10), Some(100)),
        ("httpx short", Some(10), Some(100)),
        ("aiohttp short", Some(10), Some(100)),
        ("requests chunk", Some(3), Some(32)),
        ("urllib3 chunk", Some(3), Some(32)),
    ];
    assert_eq!(sizes, expected);
}

#[test]
fn no_secret_is_kept() {
    for (title, call) in said() {
        assert!(!format!("{call:?}").contains("hunter2"), "{title}: {call:?}");
    }
}
