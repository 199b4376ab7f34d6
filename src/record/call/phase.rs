//! What a call was doing when it failed, and whether it could reuse a connection: by the frames, and where they do not tell by the
//! exceptions' classes and words.

use serde::{Deserialize, Serialize};

use crate::record::{Chain, Exception, Frame};

/// What a call was doing when it failed, in the order in which it does these things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Phase {
    /// Resolving the name: no packet was sent to the other side.
    Resolve,
    /// Opening the connection: nothing was sent.
    Connect,
    /// The TLS handshake: nothing of the request was sent.
    Tls,
    /// Sending the request.
    Send,
    /// Waiting for the answer, or reading its head.
    Wait,
    /// Reading the answer's body: the server has done its work.
    Read,
}

impl Phase {
    /// The name used in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Wait => "wait",
            Self::Read => "read",
        }
    }
}

/// What is known of the connection a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Connection {
    /// Opened for this call alone: there was none to reuse.
    OneShot,
    /// From a session or pool: it may have been used before.
    Session,
    /// The same endpoint was used before in this attempt, through a session or pool.
    Reused,
}

impl Connection {
    /// The name used in rules and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OneShot => "one_shot",
            Self::Session => "session",
            Self::Reused => "reused",
        }
    }
}

/// How many of the innermost frames tell what a call was doing.
const INNERMOST_FRAMES: usize = 8;

/// Functions that read an answer's body. They come first: reading it ends in the same socket functions as reading the head.
const BODY_FUNCTIONS: [&str; 11] = [
    "_update_chunk_length",
    "read_chunked",
    "_raw_read",
    "_safe_read",
    "iter_content",
    "iter_raw",
    "_readall_chunked",
    "_read_chunked",
    "readany",
    "_receive_response_body",
    "receive_response_body",
];

/// Functions by the phase they belong to, as the standard library, urllib3, requests, httpx, httpcore, aiohttp, asyncio, botocore, redis-py and
/// PyMySQL name them.
const FUNCTIONS: [(Phase, &[&str]); 5] = [
    (Phase::Resolve, &["getaddrinfo", "gethostbyname", "_resolve_host", "_ensure_resolved"]),
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
            "sock_connect",
            "_sock_connect",
            "open_connection",
            "connect_tcp",
            "_create_direct_connection",
            "_wrap_create_connection",
            "connect",
        ],
    ),
    (
        Phase::Send,
        &["sendall", "send_bytes", "_send_output", "_send_request_body", "_send_request_headers", "send_request_body", "write_bytes"],
    ),
    (
        Phase::Wait,
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
            "_read_from_socket",
            "_read_bytes",
        ],
    ),
];

/// Classes of exceptions that are raised in one phase alone.
const CLASSES: [(&str, Phase); 8] = [
    ("gaierror", Phase::Resolve),
    ("NameResolutionError", Phase::Resolve),
    ("ClientConnectorDNSError", Phase::Resolve),
    ("ServerNotFoundError", Phase::Resolve),
    ("ConnectTimeout", Phase::Connect),
    ("ConnectTimeoutError", Phase::Connect),
    ("IncompleteRead", Phase::Read),
    ("ChunkedEncodingError", Phase::Read),
];

/// Words of resolvers, as C libraries, curl, gRPC and Java print them.
const RESOLVER_WORDS: [&str; 9] = [
    "Temporary failure in name resolution",
    "Name or service not known",
    "No address associated with hostname",
    "nodename nor servname provided",
    "Name does not resolve",
    "could not translate host name",
    "Could not resolve host",
    "DNS resolution failed",
    "UnknownHostException",
];

/// Words that tell the phase where neither frames nor classes do: clients in C, curl by its exit codes, and exceptions
/// whose frames were lost on the way.
const WORDS: [(&str, Phase); 22] = [
    ("onnection refused", Phase::Connect),
    ("ECONNREFUSED", Phase::Connect),
    ("onnect attempt to ", Phase::Connect),
    ("NoBrokersAvailable", Phase::Connect),
    ("Failed to connect to remote host", Phase::Connect),
    ("curl: (5)", Phase::Resolve),
    ("curl: (6)", Phase::Resolve),
    ("curl: (7)", Phase::Connect),
    ("curl: (35)", Phase::Tls),
    ("curl: (60)", Phase::Tls),
    ("CERTIFICATE_VERIFY_FAILED", Phase::Tls),
    ("curl: (55)", Phase::Send),
    ("curl: (52)", Phase::Wait),
    ("with 0 bytes received", Phase::Wait),
    ("Remote end closed connection without response", Phase::Wait),
    ("Server disconnected without sending a response", Phase::Wait),
    ("curl: (18)", Phase::Read),
    ("IncompleteRead(", Phase::Read),
    ("could not send data to server", Phase::Send),
    ("could not receive data from server", Phase::Wait),
    ("server closed the connection unexpectedly", Phase::Wait),
    ("Lost connection to MySQL server during query", Phase::Wait),
];

/// What the call was doing: by the frames of the exceptions, root first and innermost frame first, or else by what they say.
pub(super) fn phase_of(chain: &Chain) -> Option<Phase> {
    // Resolvers speak plainly, and some clients call them far from any frame that tells.
    if chain.root().is_some_and(is_of_resolver) {
        return Some(Phase::Resolve);
    }
    let by_frames = chain.exceptions.iter().find_map(|exception| of_frames(&exception.frames));
    let by_class = || {
        chain.exceptions.iter().find_map(|exception| CLASSES.iter().find(|(class, _)| *class == exception.class).map(|(_, phase)| *phase))
    };
    let by_words = || {
        let says = |words: &str| chain.exceptions.iter().any(|exception| exception.message.contains(words));
        if chain.exceptions.iter().any(is_of_resolver) {
            return Some(Phase::Resolve);
        }
        WORDS.iter().find(|(words, _)| says(words)).map(|(_, phase)| *phase)
    };
    by_frames.or_else(by_class).or_else(by_words)
}

fn is_of_resolver(exception: &Exception) -> bool {
    exception.class == "gaierror" || RESOLVER_WORDS.iter().any(|words| exception.message.contains(words))
}

fn of_frames(frames: &[Frame]) -> Option<Phase> {
    let innermost = || frames.iter().rev().take(INNERMOST_FRAMES).map(|frame| frame.function.as_str());
    if innermost().any(|function| BODY_FUNCTIONS.contains(&function)) {
        return Some(Phase::Read);
    }
    innermost().find_map(|function| FUNCTIONS.iter().find(|(_, names)| names.contains(&function)).map(|(phase, _)| *phase))
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
pub(super) fn connection_of(chain: &Chain) -> Option<Connection> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;

    fn chain(frames: &[(&str, &str)], exception: &str) -> Chain {
        let lines: String = frames.iter().map(|(file, function)| format!("  File \"/lib/{file}\", line 1, in {function}\n")).collect();
        Record::from_text(&format!("Traceback (most recent call last):\n{lines}{exception}")).chain
    }

    #[test]
    fn frames_tell_phase_and_connection() {
        let of = |frames: &[(&str, &str)]| {
            let chain = chain(frames, "OSError: x");
            (phase_of(&chain), connection_of(&chain))
        };
        let read_status = [
            ("requests/api.py", "get"),
            ("urllib3/connectionpool.py", "_make_request"),
            ("http/client.py", "_read_status"),
            ("socket.py", "readinto"),
        ];
        assert_eq!(of(&read_status), (Some(Phase::Wait), Some(Connection::OneShot)));
        let body = [("requests/sessions.py", "send"), ("urllib3/response.py", "_raw_read"), ("socket.py", "readinto")];
        assert_eq!(of(&body), (Some(Phase::Read), Some(Connection::Session)));
        assert_eq!(of(&[("urllib3/connection.py", "connect"), ("ssl.py", "do_handshake")]).0, Some(Phase::Tls));
        assert_eq!(of(&[("urllib3/util/connection.py", "create_connection"), ("socket.py", "getaddrinfo")]).0, Some(Phase::Resolve));
        assert_eq!(of(&[("http/client.py", "request"), ("ssl.py", "sendall")]).0, Some(Phase::Send));
        assert_eq!(of(&[("mine.py", "work")]).0, None);
    }

    #[test]
    fn classes_and_words_tell_where_frames_do_not() {
        let of = |exception: &str| phase_of(&chain(&[("mine.py", "work")], exception));
        assert_eq!(of("socket.gaierror: [Errno -3] Temporary failure in name resolution"), Some(Phase::Resolve));
        assert_eq!(of("psycopg2.OperationalError: could not translate host name \"db.lab\" to address: x"), Some(Phase::Resolve));
        assert_eq!(
            of("urllib3.exceptions.ConnectTimeoutError: Connection to api.lab timed out. (connect timeout=3.0)"),
            Some(Phase::Connect)
        );
        assert_eq!(of("http.client.IncompleteRead: IncompleteRead(5 bytes read, 7 more expected)"), Some(Phase::Read));
        assert_eq!(of("airflow.exceptions.AirflowException: curl: (52) Empty reply from server"), Some(Phase::Wait));
        assert_eq!(of("ValueError: bad name"), None);
        // psycopg2's own function is called connect, but the words say more.
        let connect =
            chain(&[("psycopg2/__init__.py", "connect")], "psycopg2.OperationalError: could not translate host name \"db\" to address");
        assert_eq!(phase_of(&connect), Some(Phase::Resolve));
    }
}
