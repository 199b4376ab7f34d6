//! What frames and texts tell of a network call: what it was doing, whether it could reuse a connection, which endpoint it used.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Chain;

/// What a call was doing when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Resolving the name or opening the connection: nothing was sent.
    Connect,
    /// The TLS handshake: nothing of the request was sent.
    Tls,
    /// Sending the request.
    Write,
    /// Waiting for the answer, or reading its head.
    Read,
    /// Reading the answer's body: the server has done its work.
    Body,
}

/// What is known of the connection a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Connection {
    /// Opened for this call alone: there was none to reuse.
    OneShot,
    /// From a session or pool: it may have been used before.
    Session,
    /// The same endpoint was used before in this attempt, through a session or pool.
    Reused,
}

/// How many of the innermost frames tell what a call was doing.
const INNERMOST_FRAMES: usize = 8;

/// Functions by the phase they belong to, as the standard library, urllib3, requests, httpx, httpcore, aiohttp, asyncio and botocore name
/// them. The body comes first: reading it ends in the same socket functions as reading the head.
const FUNCTIONS: [(Phase, &[&str]); 5] = [
    (
        Phase::Body,
        &[
            "_update_chunk_length",
            "read_chunked",
            "_raw_read",
            "_safe_read",
            "iter_content",
            "iter_raw",
            "_readall_chunked",
            "_read_chunked",
            "readany",
        ],
    ),
    (
        Phase::Tls,
        &[
            "do_handshake",
            "ssl_wrap_socket",
            "wrap_socket",
            "_ssl_wrap_socket_impl",
            "_ssl_wrap_socket_and_match_hostname",
            "start_tls",
            "wrap_bio",
        ],
    ),
    (
        Phase::Connect,
        &[
            "create_connection",
            "_new_conn",
            "getaddrinfo",
            "sock_connect",
            "_sock_connect",
            "open_connection",
            "connect_tcp",
            "_create_direct_connection",
            "_wrap_create_connection",
            "_resolve_host",
            "connect",
        ],
    ),
    (
        Phase::Write,
        &["sendall", "send_bytes", "_send_output", "_send_request_body", "_send_request_headers", "send_request_body", "write_bytes"],
    ),
    (
        Phase::Read,
        &[
            "_read_status",
            "getresponse",
            "recv_into",
            "readinto",
            "recv",
            "_receive_event",
            "_receive_response_headers",
            "receive_response_headers",
            "start",
            "_read_ready__data_received",
            "begin",
        ],
    ),
];

/// What the call was doing, by the frames of the root exception, the innermost first.
#[must_use]
pub fn phase_of(chain: &Chain) -> Option<Phase> {
    let of_frames = |frames: &[super::Frame]| {
        let innermost = || frames.iter().rev().take(INNERMOST_FRAMES);
        let (body, rest) = FUNCTIONS.split_first()?;
        if innermost().any(|frame| body.1.contains(&frame.function.as_str())) {
            return Some(body.0);
        }
        innermost().find_map(|frame| rest.iter().find(|(_, names)| names.contains(&frame.function.as_str())).map(|(phase, _)| *phase))
    };
    chain.exceptions.iter().find_map(|exception| of_frames(&exception.frames))
}

/// Files whose functions open a connection for one call, by library.
const ONE_SHOT: [&str; 5] = ["requests/api.py", "urllib/request.py", "urllib2.py", "httpx/_api.py", "airflow/providers/http/hooks/http.py"];

/// Files whose functions work on a session or a pool.
const SESSION: [&str; 9] = [
    "requests/sessions.py",
    "urllib3/poolmanager.py",
    "urllib3/connectionpool.py",
    "urllib3/_request_methods.py",
    "httpx/_client.py",
    "aiohttp/client.py",
    "botocore/httpsession.py",
    "http/client.py",
    "httplib.py",
];

/// Whether the failing call could have reused a connection, by its frames.
#[must_use]
pub fn connection_of(chain: &Chain) -> Option<Connection> {
    let uses = |files: &[&str]| {
        chain.exceptions.iter().any(|exception| exception.frames.iter().any(|frame| files.iter().any(|file| frame.file.ends_with(file))))
    };
    if uses(&ONE_SHOT) {
        Some(Connection::OneShot)
    } else if uses(&SESSION) {
        Some(Connection::Session)
    } else {
        None
    }
}

/// One of these stands in every text that names an endpoint.
pub(super) const ENDPOINT_LITERALS: [&str; 4] = ["://", "host='", CONNECTION_BEGINS[0], CONNECTION_BEGINS[1]];

/// What stands before the name of an Airflow connection.
const CONNECTION_BEGINS: [&str; 2] = ["Retrieving connection '", "Using connection ID '"];

/// Searches for [`ENDPOINT_LITERALS`], made ready once: healthy logs are full of URLs.
static ENDPOINTS: LazyLock<[Finder<'static>; 4]> = LazyLock::new(|| ENDPOINT_LITERALS.map(Finder::new));

/// The endpoints that a text names: of URLs, of urllib3's `host='..', port=..`, of `Retrieving connection '..'`. Lower case, with port.
///
/// An Airflow connection stands for an endpoint as `connection NAME`: often it is all that a healthy log tells.
pub fn endpoints_in(text: &str, mut found: impl FnMut(String)) {
    let [url, host, connections @ ..] = &*ENDPOINTS;
    let mut rest = text;
    while let Some(at) = url.find(rest.as_bytes()) {
        let scheme_at = rest[..at].rfind(|c: char| !c.is_ascii_alphanumeric() && c != '+').map_or(0, |before| before + 1);
        let url_end = rest[at + 3..].find(|c: char| c.is_whitespace() || "\"'<>,;)]}\\".contains(c)).map_or(rest.len(), |end| at + 3 + end);
        if let Some(endpoint) = endpoint_of_url(&rest[scheme_at..url_end]) {
            found(endpoint);
        }
        rest = &rest[at + 3..];
    }
    let mut rest = text;
    while let Some(at) = host.find(rest.as_bytes()) {
        rest = &rest[at + 6..];
        if let Some((host, behind)) = rest.split_once('\'')
            && let Some(port) = behind.strip_prefix(", port=")
            && is_host(host)
        {
            let digits = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
            if digits > 0 {
                found(format!("{}:{}", host.to_ascii_lowercase(), &port[..digits]));
            }
        }
    }
    for before in connections {
        if let Some(at) = before.find(text.as_bytes())
            && let Some((name, _)) = text[at + before.needle().len()..].split_once('\'')
        {
            found(format!("connection {name}"));
        }
    }
}

/// Whether a line tells of an answer rather than of a call that begins: it names a status, a duration, or that something came back.
#[must_use]
pub fn tells_of_answer(text: &str) -> bool {
    let words = || text.split(|c: char| c.is_whitespace() || ",;:()[]\"'=".contains(c)).filter(|word| !word.is_empty());
    let status = |word: &str| word.len() == 3 && word.starts_with(['2', '3', '4', '5']) && word.bytes().all(|byte| byte.is_ascii_digit());
    let back = |word: &str| ANSWER_WORDS.iter().any(|known| word.eq_ignore_ascii_case(known));
    words().any(|word| status(word) || back(word))
}

/// Words of lines that are written after a call.
const ANSWER_WORDS: [&str; 14] = [
    "ok",
    "done",
    "received",
    "fetched",
    "returned",
    "response",
    "answered",
    "loaded",
    "stored",
    "sent",
    "posted",
    "downloaded",
    "uploaded",
    "finished",
];

/// Documentation that messages refer to is no endpoint of the task.
const DOCUMENTATION: [&str; 5] = ["airflow.apache.org", "docs.", "bit.ly", "sqlalche.me", "errors.pydantic.dev"];

/// `host:port` of a URL; the port is that of the scheme where none is given.
pub(super) fn endpoint_of_url(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match host_port.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()) => (host, Some(port)),
        _ => (host_port, None),
    };
    let host = host.to_ascii_lowercase();
    if !is_host(&host) || DOCUMENTATION.iter().any(|known| host.starts_with(known)) {
        return None;
    }
    let default = match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => "80",
        "https" | "wss" => "443",
        "ftp" => "21",
        "ssh" | "sftp" => "22",
        "redis" => "6379",
        "amqp" => "5672",
        scheme if scheme.starts_with("postgres") => "5432",
        scheme if scheme.starts_with("mysql") => "3306",
        // The bucket of an object store is its endpoint.
        "s3" | "s3a" | "gs" | "wasb" | "abfs" | "abfss" => return Some(format!("{scheme}://{host}")),
        _ => return port.map(|port| format!("{host}:{port}")),
    };
    Some(format!("{host}:{}", port.unwrap_or(default)))
}

fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 253
        && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:[]".contains(c))
        && host.chars().any(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;

    fn endpoints(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        endpoints_in(text, |endpoint| all.push(endpoint));
        all
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
        assert!(endpoints("see https://airflow.apache.org/docs/x and file:///tmp/x and ://").is_empty());
    }

    #[test]
    fn frames_tell_phase_and_connection() {
        let traceback = |frames: &[(&str, &str)]| {
            let lines: String = frames.iter().map(|(file, function)| format!("  File \"/lib/{file}\", line 1, in {function}\n")).collect();
            Record::from_text(&format!("Traceback (most recent call last):\n{lines}OSError: x")).chain
        };
        let chain = traceback(&[
            ("requests/api.py", "get"),
            ("urllib3/connectionpool.py", "_make_request"),
            ("http/client.py", "_read_status"),
            ("socket.py", "readinto"),
        ]);
        assert_eq!((phase_of(&chain), connection_of(&chain)), (Some(Phase::Read), Some(Connection::OneShot)));
        let chain = traceback(&[("requests/sessions.py", "send"), ("urllib3/response.py", "_raw_read"), ("socket.py", "readinto")]);
        assert_eq!((phase_of(&chain), connection_of(&chain)), (Some(Phase::Body), Some(Connection::Session)));
        let chain = traceback(&[("urllib3/connection.py", "connect"), ("ssl.py", "do_handshake")]);
        assert_eq!(phase_of(&chain), Some(Phase::Tls));
        assert_eq!(phase_of(&traceback(&[("mine.py", "work")])), None);
    }
}
