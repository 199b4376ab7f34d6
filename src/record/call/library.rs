//! Which client library made a call, and with which HTTP method: by the frames, the exceptions' modules and their words.

use serde::{Deserialize, Deserializer};

use crate::record::Chain;

/// A client library: its name, the Python modules it consists of, and words that only its messages have.
type Library = (&'static str, &'static [&'static str], &'static [&'static str]);

/// The client libraries that are known by name. What wraps another stands before it, for where only words or classes tell.
const LIBRARIES: [Library; 40] = [
    (
        "airflow",
        &["airflow.sdk.api.client", "airflow.sdk.execution_time.comms", "airflow_client", "airflow.api_internal", "airflow.api.client"],
        &[],
    ),
    ("kubernetes", &["kubernetes", "kubernetes_asyncio"], &[]),
    ("google-cloud", &["google.cloud", "google.api_core", "google.auth", "google.resumable_media", "googleapiclient"], &["<HttpError "]),
    ("azure", &["azure"], &[]),
    ("snowflake", &["snowflake"], &["snowflakecomputing"]),
    ("boto3", &["boto3", "botocore", "s3transfer", "aiobotocore"], &["endpoint URL: \"", "An error occurred ("]),
    ("databricks", &["databricks"], &[]),
    ("slack", &["slack_sdk", "slack"], &[]),
    ("elasticsearch", &["elasticsearch", "elastic_transport", "opensearchpy"], &[]),
    ("clickhouse", &["clickhouse_driver", "clickhouse_connect"], &[]),
    ("trino", &["trino", "prestodb"], &[]),
    ("hive", &["pyhive", "impala", "thrift"], &[]),
    ("requests", &["requests"], &[]),
    ("httpx", &["httpx", "httpcore"], &[]),
    ("aiohttp", &["aiohttp"], &["Cannot connect to host "]),
    ("psycopg2", &["psycopg2"], &["(psycopg2."]),
    ("psycopg", &["psycopg", "psycopg_pool"], &["(psycopg."]),
    ("asyncpg", &["asyncpg"], &[]),
    ("pymysql", &["pymysql"], &["(pymysql."]),
    ("mysqlclient", &["MySQLdb"], &["(MySQLdb."]),
    ("mysql-connector", &["mysql.connector"], &["(mysql.connector."]),
    ("oracledb", &["oracledb", "cx_Oracle"], &["(oracledb.", "(cx_Oracle."]),
    ("pymssql", &["pymssql"], &["(pymssql."]),
    ("pyodbc", &["pyodbc"], &["(pyodbc."]),
    ("pymongo", &["pymongo"], &["Topology Description: "]),
    ("redis", &["redis"], &[]),
    ("cassandra", &["cassandra"], &[]),
    ("kafka", &["kafka", "confluent_kafka", "aiokafka"], &["<BrokerConnection ", "KafkaError{"]),
    ("kombu", &["kombu", "amqp", "pika"], &[]),
    ("paramiko", &["paramiko", "asyncssh", "pysftp"], &[]),
    ("ldap", &["ldap3", "ldap"], &[]),
    ("grpc", &["grpc"], &["_InactiveRpcError", "StatusCode."]),
    ("smtplib", &["smtplib", "aiosmtplib"], &[]),
    ("ftplib", &["ftplib"], &[]),
    ("imaplib", &["imaplib", "poplib"], &[]),
    ("httplib2", &["httplib2"], &[]),
    ("urllib3", &["urllib3"], &["HTTPSConnectionPool(", "HTTPConnectionPool(", "urllib3.connection."]),
    ("urllib", &["urllib.request", "urllib.error", "urllib2"], &["<urlopen error "]),
    ("http.client", &["http.client", "httplib"], &[]),
    ("curl", &["pycurl", "curl_cffi"], &["curl: ("]),
];

/// Reads the name of a library that was written before; one that is not known any more is none.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'static str>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    Ok(LIBRARIES.iter().map(|(known, ..)| *known).find(|known| name.as_deref() == Some(*known)))
}

/// The name of the client library: the outermost that the frames of the exception show, which is the one that the task called; or else
/// the one that raised it, or whose words it has. `None` where nothing tells.
pub(super) fn library_of(chain: &Chain) -> Option<&'static str> {
    let of_module = |module: &str| LIBRARIES.iter().find(|(_, modules, _)| modules.iter().any(|known| is_inside(module, known)));
    // The last exception was raised outermost; those before it show only the frames between raising and catching.
    let by_frames = || {
        let frames = chain.exceptions.iter().rev().flat_map(|exception| exception.frames.iter());
        frames.filter_map(crate::record::Frame::module).find_map(|module| of_module(&module))
    };
    let by_class = || chain.exceptions.iter().rev().filter_map(|exception| exception.module.as_deref()).find_map(of_module);
    let by_words = || {
        let has = |words: &&str| chain.exceptions.iter().any(|exception| exception.message.contains(words));
        LIBRARIES.iter().find(|(_, _, words)| words.iter().any(has))
    };
    by_frames().or_else(by_class).or_else(by_words).map(|(name, ..)| *name)
}

fn is_inside(module: &str, package: &str) -> bool {
    module.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The methods of HTTP that are looked for.
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Modules whose functions are called as the method that they send.
const MODULES_BY_METHOD: [&str; 4] = ["requests.api", "requests.sessions", "httpx._api", "httpx._client"];

/// The HTTP method, by the function of the client library that the task called, or by the messages.
pub(super) fn method_of(chain: &Chain) -> Option<&'static str> {
    let frames = || chain.exceptions.iter().rev().flat_map(|exception| exception.frames.iter());
    let of_function = |function: &str| METHODS.iter().find(|method| function.eq_ignore_ascii_case(method)).copied();
    let by_frames = frames().find_map(|frame| {
        let method = of_function(&frame.function)?;
        frame.module().filter(|module| MODULES_BY_METHOD.contains(&module.as_str())).map(|_| method)
    });
    by_frames.or_else(|| chain.exceptions.iter().find_map(|exception| method_in(&exception.message)))
}

/// The HTTP method of a text: the word before a URL or a path.
pub(super) fn method_in(text: &str) -> Option<&'static str> {
    METHODS.iter().find_map(|method| {
        text.match_indices(method).find_map(|(at, _)| {
            let begins = text[..at].chars().next_back().is_none_or(|before| !before.is_ascii_alphanumeric() && before != '_');
            let target = text[at + method.len()..].trim_start_matches([' ', '"', '\'', ':', ',']);
            let behind = text.len() - at - method.len() - target.len();
            let is_target = target.starts_with('/') || target.starts_with("http://") || target.starts_with("https://");
            (begins && behind > 0 && is_target).then_some(*method)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;

    fn chain(frames: &[(&str, &str)], exception: &str) -> Chain {
        let folder = "/home/airflow/.local/lib/python3.12/site-packages";
        let lines: String = frames.iter().map(|(file, function)| format!("  File \"{folder}/{file}\", line 1, in {function}\n")).collect();
        Record::from_text(&format!("Traceback (most recent call last):\n{lines}{exception}")).chain
    }

    #[test]
    fn the_library_that_the_task_called() {
        type Case = (&'static [(&'static str, &'static str)], &'static str, Option<&'static str>);
        let cases: [Case; 15] = [
            (&[("requests/api.py", "post"), ("urllib3/connectionpool.py", "urlopen")], "OSError: x", Some("requests")),
            (&[("airflow/providers/http/hooks/http.py", "run"), ("requests/sessions.py", "send")], "OSError: x", Some("requests")),
            (&[("google/cloud/storage/blob.py", "upload"), ("requests/sessions.py", "put")], "OSError: x", Some("google-cloud")),
            (&[("kubernetes/client/rest.py", "request"), ("urllib3/poolmanager.py", "urlopen")], "OSError: x", Some("kubernetes")),
            (&[("airflow/sdk/api/client.py", "request"), ("httpx/_client.py", "send")], "httpx.ConnectError: x", Some("airflow")),
            (&[("botocore/client.py", "_api_call"), ("urllib3/connectionpool.py", "urlopen")], "OSError: x", Some("boto3")),
            (&[("snowflake/connector/vendored/requests/sessions.py", "send")], "OSError: x", Some("snowflake")),
            (&[], "psycopg2.OperationalError: server closed the connection unexpectedly", Some("psycopg2")),
            (&[], "redis.exceptions.ConnectionError: Error 111 connecting to cache.lab:6379.", Some("redis")),
            (&[], "OperationalError: (psycopg2.OperationalError) connection to server failed", Some("psycopg2")),
            (&[], "ConnectionError: HTTPSConnectionPool(host='a.lab', port=443): x", Some("urllib3")),
            (&[], "Exception: <urlopen error timed out>", Some("urllib")),
            (&[], "grpc._channel._InactiveRpcError: <_InactiveRpcError of RPC>", Some("grpc")),
            (&[], "requestsomething.Error: x", None),
            (&[], "ValueError: x", None),
        ];
        for (frames, exception, library) in cases {
            assert_eq!(library_of(&chain(frames, exception)), library, "{frames:?} {exception}");
        }
    }

    #[test]
    fn the_method_by_function_and_by_words() {
        assert_eq!(method_of(&chain(&[("requests/api.py", "post"), ("requests/sessions.py", "request")], "OSError: x")), Some("POST"));
        assert_eq!(method_of(&chain(&[("httpx/_client.py", "put")], "OSError: x")), Some("PUT"));
        assert_eq!(method_of(&chain(&[("mine/store.py", "get")], "OSError: x")), None);
        assert_eq!(method_of(&chain(&[], "OSError: GET https://a.lab/x failed")), Some("GET"));
        assert_eq!(method_in("http://a.lab:80 \"DELETE /v1/x HTTP/1.1\" 500 0"), Some("DELETE"));
        assert_eq!(method_in("method: POST, url"), None);
        assert_eq!(method_in("BUDGET /x, POST/x and TARGET https://x"), None);
    }
}
