use super::*;

fn endpoints(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    endpoints_in(text, |endpoint| all.push(endpoint.to_string()));
    all
}

/// Key and path.
fn of(messages: &[&str]) -> Option<(String, Option<String>)> {
    failing(messages.iter().copied()).map(|endpoint| (endpoint.key(), endpoint.path))
}

#[test]
fn endpoints_of_urls_pools_and_connections() {
    assert_eq!(
        endpoints("POST https://API.example.com/v1?q=1 in 0.2 s, then http://10.0.0.1:8080/x"),
        ["api.example.com:443", "10.0.0.1:8080"]
    );
    assert_eq!(endpoints("HTTPSConnectionPool(host='a.example.com', port=8443): Max retries"), ["a.example.com:8443"]);
    assert_eq!(endpoints("Retrieving connection 'orders_api'"), ["connection orders_api"]);
    assert_eq!(endpoints("postgresql://u:p@db.example.com/x s3://bucket/key"), ["db.example.com:5432", "s3://bucket"]);
    assert_eq!(endpoints("calling http://[fd00::7]:8080/x and [https://a.lab/y]"), ["[fd00::7]:8080", "a.lab:443"]);
    assert!(endpoints("see https://airflow.apache.org/docs/x and file:///tmp/x and :// and ä://x").is_empty());
}

#[test]
fn of_a_very_long_url_the_host_is_seen_and_no_character_is_cut() {
    for before in ["", "x"] {
        let text = format!("GET https://api.lab/{before}{} and http://b.lab/", "\u{e9}".repeat(URL_BYTES_MAX));
        assert_eq!(endpoints(&text), ["api.lab:443", "b.lab:80"]);
    }
}

#[test]
fn secrets_of_urls_are_not_kept() {
    for url in [
        "https://user:hunter2@api.lab/v1/items?token=hunter2#hunter2",
        "https://user@api.lab/v1/items?next=http://x/hunter2",
        "https://api.lab:443/v1/items;jsessionid?hunter2",
    ] {
        let endpoint = Endpoint::of_url(url).map(|endpoint| (endpoint.key(), endpoint.path.unwrap_or_default()));
        assert!(
            matches!(&endpoint, Some((key, path)) if key == "api.lab:443" && path.starts_with("/v1/items") && !path.contains("hunter2")),
            "{url}: {endpoint:?}"
        );
    }
    // A password with what ends a host in other URLs.
    let endpoint = Endpoint::of_url("postgresql+psycopg2://loader:hunter2/x@db.lab/orders");
    assert_eq!(endpoint.map(|endpoint| endpoint.key()).as_deref(), Some("db.lab:5432"));
    assert_eq!(Endpoint::of_url("postgresql://loader:hunter2/"), None);
    assert_eq!(Endpoint::of_url("https://loader:hunter2/"), None);
}

#[test]
fn what_libraries_print() {
    let some = |key: &str, path: Option<&str>| Some((key.to_owned(), path.map(str::to_owned)));
    let cases = [
        (
            "HTTPSConnectionPool(host='api.lab', port=443): Max retries exceeded with url: /v1/x?y=1 (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused'))",
            "api.lab:443",
            Some("/v1/x"),
        ),
        (
            "HTTPConnectionPool(host='proxy.lab', port=3128): Max retries exceeded with url: http://api.lab/v1?k=v (Caused by ProxyError('Cannot connect to proxy.'))",
            "api.lab:80",
            Some("/v1"),
        ),
        (
            "HTTPSConnection(host='api.lab', port=443): Failed to resolve 'api.lab' ([Errno -2] Name or service not known)",
            "api.lab:443",
            None,
        ),
        ("Cannot connect to host api.lab:443 ssl:default [Connect call failed ('10.1.2.3', 443)]", "api.lab:443", None),
        ("Cannot connect to host ::1:8443 ssl:default [None]", "[::1]:8443", None),
        (
            "<HttpError 403 when requesting https://www.googleapis.lab/v3/files?alt=json returned \"Forbidden\">",
            "www.googleapis.lab:443",
            Some("/v3/files"),
        ),
        ("404 Client Error: Not Found for url: https://api.lab/v1/items?id=3", "api.lab:443", Some("/v1/items")),
        ("connection to server at \"db.lab\" (10.0.0.1), port 5432 failed: Connection refused", "db.lab:5432", None),
        ("connection to server at \"fd00::5\", port 5432 failed: timeout expired", "[fd00::5]:5432", None),
        (
            "could not connect to server: Connection refused\n\tIs the server running on host \"db.lab\" (10.0.0.1) and accepting\n\tTCP/IP connections on port 5433?",
            "db.lab:5433",
            None,
        ),
        ("could not translate host name \"db.lab\" to address: Name or service not known", "db.lab", None),
        ("(2003, \"Can't connect to MySQL server on 'db.lab:3306' (111)\")", "db.lab:3306", None),
        ("(2003, \"Can't connect to MySQL server on 'db.lab' ([Errno 111] Connection refused)\")", "db.lab", None),
        ("Error 111 connecting to cache.lab:6379. Connection refused.", "cache.lab:6379", None),
        ("Error while reading from cache.lab:6379 : (104, 'Connection reset by peer')", "cache.lab:6379", None),
        ("<BrokerConnection node_id=bootstrap-0 host=kafka.lab:9092 <connecting> [IPv4 ('10.0.0.9', 9092)]>", "kafka.lab:9092", None),
        ("sasl_ssl://kafka.lab:9093/bootstrap: Connect to ipv4#10.0.0.9:9093 failed: Connection refused", "kafka.lab:9093", None),
        ("Cannot connect to amqp://loader:**@mq.lab:5672//: [Errno 111] Connection refused", "mq.lab:5672", None),
        (
            "mongo.lab:27017: [Errno 111] Connection refused (configured timeouts: socketTimeoutMS: 20000.0ms, connectTimeoutMS: 20000.0ms), Timeout: 30s, Topology Description: <..>",
            "mongo.lab:27017",
            None,
        ),
        (
            "250001 (08001): Failed to connect to DB: acme.snowflakecomputing.lab:443. Incorrect username",
            "acme.snowflakecomputing.lab:443",
            None,
        ),
        ("Could not connect to the endpoint URL: \"https://bucket.s3.lab/key?x-id=GetObject\"", "bucket.s3.lab:443", Some("/key")),
        ("[Errno None] Unable to connect to port 22 on 10.0.0.7", "10.0.0.7:22", None),
        ("ssh: connect to host sftp.lab port 22: Connection refused", "sftp.lab:22", None),
        ("socket connection error while opening ldap://dir.lab", "dir.lab:389", None),
        ("curl: (7) Failed to connect to api.lab port 8443 after 3 ms: Connection refused", "api.lab:8443", None),
        ("failed to connect to all addresses; last error: UNAVAILABLE: ipv4:10.0.0.4:50051: Failed to connect", "10.0.0.4:50051", None),
        ("[Errno 111] Connect call failed ('127.0.0.1', 5432)", "127.0.0.1:5432", None),
        ("Multiple exceptions: [Errno 111] Connect call failed ('::1', 5432, 0, 0)", "[::1]:5432", None),
        ("HTTPSConnectionPool(host='fd00::5', port=443): Read timed out. (read timeout=2)", "[fd00::5]:443", None),
        ("Connection to api.lab timed out. (connect timeout=3.0)", "api.lab", None),
    ];
    for (message, key, path) in cases {
        let expected = if key.is_empty() { None } else { some(key, path) };
        assert_eq!(of(&[message]), expected, "{message}");
    }
}

#[test]
fn the_chain_completes_what_one_message_names() {
    let messages = [
        "[Errno 111] Connect call failed ('10.0.0.1', 443)",
        "Connection to api.lab timed out. (connect timeout=3.0)",
        "HTTPSConnectionPool(host='api.lab', port=443): Max retries exceeded with url: /v1/items?page=2 (Caused by ..)",
    ];
    assert_eq!(of(&messages), Some(("api.lab:443".to_owned(), Some("/v1/items".to_owned()))));
    assert_eq!(of(&messages[..1]), Some(("10.0.0.1:443".to_owned(), None)));
}

#[test]
fn a_key_names_the_same_endpoint() {
    for key in ["api.lab:443", "db.lab", "[::1]:5432", "[fd00::5]", "s3://bucket", "connection orders_api"] {
        assert_eq!(Endpoint::of_key(key).map(|endpoint| endpoint.key()).as_deref(), Some(key));
    }
}

#[test]
fn other_text_names_none() {
    for text in [
        "",
        "division by zero",
        "error while connecting to the database",
        "could not connect to server",
        "connecting to host: please retry.",
        "(Background on this error at: https://sqlalche.me/e/20/e3q8)",
        "a row ('report.csv', 12) of a table",
        "a row ('10.0.0.1', 0) of a table",
        "connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: No such file or directory",
    ] {
        assert_eq!(of(&[text]), None, "{text}");
    }
}
