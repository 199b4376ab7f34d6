//! Endpoints as texts name them: in URLs, in what client libraries print, in lines about Airflow connections. User, password, query and
//! fragment of a URL are never kept; whether a path is shown is the report's business.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use memchr::memmem::Finder;

use super::template::{Found, find, match_at};
use crate::record::head_of;

/// Where a call went.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Endpoint {
    /// The other side.
    pub target: Target,
    /// The path of the request, without query and fragment; at most 200 bytes.
    pub path: Option<String>,
}

/// The other side of a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Target {
    /// A host by name or address, in lower case and without a last dot, an IPv6 address in its shortest form and without brackets; the port where the text or the URL's scheme tells it.
    Address {
        /// The name or address.
        host: String,
        /// The port.
        port: Option<u16>,
    },
    /// A bucket of an object store, `s3://bucket`.
    Bucket(String),
    /// An Airflow connection: often it is all that a log tells.
    Connection(String),
}

/// One of these stands in every text that names an endpoint.
pub(in crate::record) const ENDPOINT_LITERALS: [&str; 5] =
    ["://", "host='", "<BrokerConnection ", "Retrieving connection '", "Using connection ID '"];

/// Searches for [`ENDPOINT_LITERALS`], made ready once: healthy logs are full of URLs.
static ENDPOINTS: LazyLock<[Finder<'static>; 5]> = LazyLock::new(|| ENDPOINT_LITERALS.map(Finder::new));

/// How much of a URL is looked at. A line of a megabyte may hold a hundred thousand that are not parted by anything that ends one.
const URL_BYTES_MAX: usize = 4096;

/// The longest path that is kept.
pub(super) const PATH_BYTES_MAX: usize = 200;

/// Documentation that messages refer to is no endpoint of the task.
const DOCUMENTATION: [&str; 11] = [
    "airflow.apache.org",
    "docs.",
    "bit.ly",
    "sqlalche.me",
    "errors.pydantic.dev",
    "developer.mozilla.org",
    "httpstatuses.com",
    "curl.se",
    "bugs.python.org",
    "urllib3.readthedocs.io",
    "pandas.pydata.org",
];

/// How client libraries name the other side: urllib3 and requests, aiohttp, libpq, MySQL's clients, redis-py, kafka-python, paramiko and
/// ssh, curl, httplib2, gRPC, snowflake. What begins with an upper or a lower case letter begins behind it.
const STRONG: [&str; 28] = [
    POOL,
    "annot connect to host {pair} ssl",
    "server at \"{host}\"{..}, port {port} failed",
    "server on host \"{host}\"{..}on port {port}",
    "running on host \"{host}\"{..}connections on port {port}",
    "could not translate host name \"{host}\"",
    "to MySQL server on '{addr}'",
    "to MySQL server at '{addr}'",
    "connecting to {addr}",
    "Timeout reading from {addr}",
    "while reading from {addr}",
    "while writing to socket {addr}",
    " host={addr} ",
    "host={host} port={port}",
    "connect to port {port} on {host}",
    "connect to host {host} port {port}",
    "connect to {host} port {port}",
    "onnection to {host}, port {port}",
    "onnection to {host} timed out. (",
    "ould not resolve host: {host}",
    "ailed to resolve '{host}'",
    "nable to find the server at {host}",
    "ailed to connect to {addr}",
    "ould not connect to {addr}",
    "could not connect to host {addr}",
    "DNS resolution failed for {addr}",
    "SSH session to {addr}",
    "ailed to connect to DB: {addr}",
];

/// How urllib3 names the other side of a pool or a connection.
const POOL: &str = "host='{host}', port={port}";

/// How kafka-python names a broker.
const BROKER: &str = "<BrokerConnection {..} host={addr} ";

/// An address as Python's sockets have it.
const TUPLE: &str = "('{host}', {port})";

/// The same, where the address is that of one of several machines behind a name, and a name elsewhere tells more.
const WEAK: [&str; 7] = [
    "onnect call failed ('{host}', {port}",
    "ould not connect to any of [('{host}', {port}",
    TUPLE,
    "ipv4:{addr}",
    "ipv6:{addr}",
    "raddr=('{host}', {port}",
    "nable to connect to {addr}",
];

impl Endpoint {
    /// One by host and port.
    #[must_use]
    pub fn address(host: &str, port: Option<u16>) -> Option<Self> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = host.strip_suffix('.').unwrap_or(host);
        if !is_host(host) || DOCUMENTATION.iter().any(|known| host.starts_with(known)) {
            return None;
        }
        // One address can be written in many ways.
        let host = host.parse::<std::net::Ipv6Addr>().map_or_else(|_| host.to_ascii_lowercase(), |address| address.to_string());
        Some(Self { target: Target::Address { host, port }, path: None })
    }

    /// The endpoint of a URL. The port is that of the scheme where none is given; a URL of an unknown scheme without a port names none.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        Self::parse(url, true)
    }

    fn parse(url: &str, with_path: bool) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let mut authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        // A password may hold what ends the host of a web page's URL.
        if !matches!(scheme.as_str(), "http" | "https" | "ws" | "wss")
            && let Some(at) = rest.rfind('@')
        {
            authority_end = authority_end.max(rest[at..].find(['/', '?', '#']).map_or(rest.len(), |end| at + end));
        }
        let (authority, behind) = rest.split_at(authority_end);
        let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
        let (host, port) = split_address(address)?;
        let default = match scheme.as_str() {
            "http" | "ws" => 80,
            "https" | "wss" => 443,
            "ftp" => 21,
            "ssh" | "sftp" => 22,
            "ldap" => 389,
            "ldaps" => 636,
            "redis" | "rediss" => 6379,
            "amqp" => 5672,
            "amqps" => 5671,
            "mongodb" => 27017,
            scheme if scheme.starts_with("postgres") => 5432,
            scheme if scheme.starts_with("mysql") => 3306,
            // The bucket of an object store is its endpoint.
            "s3" | "s3a" | "s3n" | "gs" | "wasb" | "wasbs" | "abfs" | "abfss" => {
                // Which library reads it, and whether over TLS, makes it no other.
                let scheme = match scheme.as_str() {
                    "s3a" | "s3n" => "s3",
                    "wasbs" => "wasb",
                    "abfss" => "abfs",
                    scheme => scheme,
                };
                let bucket = Self::address(host, None).map(|_| format!("{scheme}://{}", host.to_ascii_lowercase()))?;
                return Some(Self { target: Target::Bucket(bucket), path: path_of(behind) });
            }
            _ => port?,
        };
        let endpoint = Self::address(host, port.or(Some(default)))?;
        // What stands behind the address of a database or a broker is no path of a request.
        let path = if with_path && matches!(scheme.as_str(), "http" | "https" | "ws" | "wss") { path_of(behind) } else { None };
        Some(Self { path, ..endpoint })
    }

    /// The name by which endpoints are compared: `host:port`, `[::1]:443`, `s3://bucket`, `connection NAME`.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.target {
            Target::Address { host, port } => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
            }
            Target::Bucket(bucket) => bucket.clone(),
            Target::Connection(name) => format!("connection {name}"),
        }
    }

    /// The endpoint of a name that [`Self::key`] made; `None` for other texts.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let target = if let Some(name) = key.strip_prefix("connection ") {
            Target::Connection(name.to_owned())
        } else if key.contains("://") {
            Target::Bucket(key.to_owned())
        } else {
            let (host, port) = split_address(key)?;
            Target::Address { host: host.to_owned(), port }
        };
        Some(Self { target, path: None })
    }

    /// Whether another text may mean the same: the same host, and no other port.
    pub(super) fn agrees_in_target(&self, other: &Self) -> bool {
        match (&self.target, &other.target) {
            (Target::Address { host: a, port: p }, Target::Address { host: b, port: q }) => {
                a == b && (p.is_none() || q.is_none() || p == q)
            }
            (a, b) => a == b,
        }
    }

    /// Takes the port from what another text says, if it means the same host.
    pub fn complete_address(&mut self, other: &Self) {
        if self.agrees_in_target(other) {
            self.complete(other);
        }
    }

    /// Takes from what another text says of the same endpoint what is not known here.
    pub(super) fn complete(&mut self, other: &Self) {
        if let (Target::Address { port, .. }, Target::Address { port: told, .. }) = (&mut self.target, &other.target) {
            *port = port.or(*told);
        }
        if self.path.is_none() {
            self.path.clone_from(&other.path);
        }
    }
}

/// The path of what stands behind the authority; `None` for the root.
fn path_of(behind: &str) -> Option<String> {
    let end = behind.find(|c: char| c.is_whitespace() || "?#\"'<>)]}\\".contains(c)).unwrap_or(behind.len());
    let mut path = behind.get(..end)?;
    // Inside a sentence or a list.
    path = path.trim_end_matches([',', '.', ';', ':']);
    Some(head_of(path, PATH_BYTES_MAX).to_owned()).filter(|path| path.starts_with('/') && path.len() > 1)
}

/// Host and port of `host:port`, `[::1]:443`, `::1`; `None` for what is none: a port that is no number is a part of a password.
fn split_address(address: &str) -> Option<(&str, Option<u16>)> {
    if let Some((host, behind)) = address.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        return if behind.is_empty() { Some((host, None)) } else { Some((host, Some(behind.strip_prefix(':')?.parse().ok()?))) };
    }
    match address.rsplit_once(':') {
        None => Some((address, None)),
        Some((host, "")) if !host.contains(':') => Some((host, None)),
        Some((host, port)) if !host.contains(':') => Some((host, Some(port.parse().ok()?))),
        Some(_) => Some((address, None)),
    }
}

/// Whether a text may be a host's name or address.
fn is_host(host: &str) -> bool {
    let is_v6 = || host.parse::<std::net::Ipv6Addr>().is_ok();
    !host.is_empty()
        && host.len() <= 253
        && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._:".contains(c))
        && host.chars().any(|c| c.is_ascii_alphanumeric())
        && (!host.contains(':') || is_v6())
}

/// The URLs of a text, each with the byte at which it begins.
fn urls(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>' | b',' | b';' | b')' | b'}' | b'\\');
    ENDPOINTS[0].find_iter(text.as_bytes()).filter_map(move |at| {
        let in_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'+';
        let begin = text.as_bytes()[..at].iter().rposition(|byte| !in_scheme(byte)).map_or(0, |before| before + 1);
        let behind = head_of(text.get(at + 3..)?, URL_BYTES_MAX).as_bytes();
        let end = behind.iter().position(is_end).unwrap_or(behind.len());
        let mut behind = text.get(at + 3..at + 3 + end)?;
        // There are blanks beyond ASCII.
        if !behind.is_ascii() {
            behind = &behind[..behind.find(char::is_whitespace).unwrap_or(behind.len())];
        }
        // A bracket ends it, but for those of an IPv6 address.
        if memchr::memchr(b'[', behind.as_bytes()).is_none() {
            behind = &behind[..memchr::memchr(b']', behind.as_bytes()).unwrap_or(behind.len())];
        }
        Some((begin, text.get(begin..at + 3 + behind.len())?))
    })
}

/// The endpoints that a text names: of URLs, of urllib3's `host='..', port=..`, of `Retrieving connection '..'`, by their keys.
/// What else libraries print stands in exceptions, which [`failing`] reads: these forms alone are worth a look at a healthy log.
pub fn endpoints_in(text: &str, mut found: impl FnMut(Arc<str>)) {
    EndpointNames::default().each_in(text, &mut found);
}

/// Names of endpoints by how the lines of one log write them: a log names few of them, and often.
#[derive(Debug, Default)]
pub struct EndpointNames {
    known: HashMap<Box<str>, Option<Arc<str>>>,
}

/// How many ways to write an endpoint are remembered of one log.
const NAMES_MAX: usize = 256;

impl EndpointNames {
    /// As [`endpoints_in`].
    pub fn each_in(&mut self, text: &str, found: &mut impl FnMut(Arc<str>)) {
        let [_, host, broker, connections @ ..] = &*ENDPOINTS;
        for (_, url) in urls(text) {
            let key = || Endpoint::parse(url, false).map(|endpoint| endpoint.key());
            // Behind user and password nothing is as simple; without them the path tells nothing.
            let begin = memchr::memchr(b':', url.as_bytes()).map_or(0, |at| at + 3);
            let end = url.as_bytes().iter().skip(begin).position(|byte| matches!(byte, b'/' | b'?' | b'#'));
            let authority = end.map_or(Some(url), |end| url.get(..begin + end));
            match authority.filter(|_| memchr::memchr(b'@', url.as_bytes()).is_none()) {
                Some(authority) => self.remember(authority, key).into_iter().for_each(&mut *found),
                None => key().into_iter().for_each(|key| found(key.into())),
            }
        }
        let mut direct = |place: Option<Found<'_>>| {
            if let Some(endpoint) = place.as_ref().and_then(of_places) {
                found(endpoint.key().into());
            }
        };
        for at in host.find_iter(text.as_bytes()) {
            direct(match_at(text, at, POOL));
        }
        // kafka-python writes each of its connections down.
        if let Some(at) = broker.find(text.as_bytes()) {
            direct(match_at(text, at, BROKER));
        }
        for before in connections {
            if let Some(at) = before.find(text.as_bytes())
                && let Some((name, _)) = text[at + before.needle().len()..].split_once('\'')
            {
                let key = || Some(Endpoint { target: Target::Connection(name.to_owned()), path: None }.key());
                let written = &text[at..at + before.needle().len() + name.len()];
                self.remember(written, key).into_iter().for_each(&mut *found);
            }
        }
    }

    fn remember(&mut self, written: &str, key: impl FnOnce() -> Option<String>) -> Option<Arc<str>> {
        if let Some(known) = self.known.get(written) {
            return known.clone();
        }
        let key = key().map(Arc::from);
        if self.known.len() < NAMES_MAX {
            self.known.insert(written.into(), key.clone());
        }
        key
    }
}

/// The endpoint of a failing call by the messages of its exceptions, root first: the first that one names, completed by what the others
/// say of it. An address that only stands for a name counts where there is no name.
pub(super) fn failing<'m>(messages: impl Iterator<Item = &'m str> + Clone) -> Option<Endpoint> {
    let mut strong = messages.clone().flat_map(|message| in_message(message, &STRONG, true));
    let (mut first, rest) = match strong.next() {
        Some(first) => (first, strong.collect::<Vec<_>>()),
        None => (messages.flat_map(|message| in_message(message, &WEAK, false)).next()?, Vec::new()),
    };
    for other in rest.iter().filter(|_| matches!(first.target, Target::Address { .. })).collect::<Vec<_>>() {
        if first.agrees_in_target(other) {
            first.complete(other);
        }
    }
    Some(first)
}

/// The endpoints of one message, in the order of the text.
fn in_message(message: &str, templates: &'static [&'static str], with_urls: bool) -> Vec<Endpoint> {
    let mut all: Vec<(usize, Endpoint)> = Vec::new();
    if with_urls {
        all.extend(urls(message).filter_map(|(at, url)| Some((at, Endpoint::parse(url, true)?))));
    }
    for template in templates {
        if let Some(place) = find(message, template)
            && let Some(mut endpoint) = of_places(&place)
        {
            // Any pair of a text and a number looks like this.
            if *template == TUPLE && !is_tuple_of_address(&endpoint, message) {
                continue;
            }
            if let Some((_, url)) = message.get(place.end..).unwrap_or_default().split_once("exceeded with url: ") {
                if url.split_whitespace().next().is_some_and(|url| url.contains("://")) {
                    // The pool is that of a proxy; the URL is the endpoint.
                    continue;
                }
                endpoint.path = path_of(url);
            }
            all.push((place.at, endpoint));
        }
    }
    if with_urls && let Some(endpoint) = of_mongo(message) {
        all.push((0, endpoint));
    }
    all.sort();
    all.into_iter().map(|(_, endpoint)| endpoint).collect()
}

fn is_tuple_of_address(endpoint: &Endpoint, message: &str) -> bool {
    let Target::Address { host, .. } = &endpoint.target else { return false };
    host.parse::<std::net::IpAddr>().is_ok() || message.contains("onnect")
}

fn of_places(place: &Found<'_>) -> Option<Endpoint> {
    let port = |text: &str| text.parse().ok().filter(|port: &u16| *port > 0);
    // aiohttp writes no brackets around an IPv6 address, but always a port behind it.
    if let Some((host, number)) = place.get("pair").and_then(|pair| pair.rsplit_once(':')) {
        return Endpoint::address(host, Some(port(number)?));
    }
    match (place.get("addr"), place.get("host")) {
        (Some(address), _) => {
            let (host, port) = split_address(address)?;
            // A word of the sentence is no host.
            (port.is_some() || host.contains('.')).then(|| Endpoint::address(host, port)).flatten()
        }
        (_, Some(host)) => match place.get("port") {
            Some(number) => Endpoint::address(host, Some(port(number)?)),
            None => Endpoint::address(host, None),
        },
        (None, None) => None,
    }
}

/// pymongo's messages begin with the address: `db.lab:27017: [Errno 111] Connection refused (configured timeouts: ..`.
fn of_mongo(message: &str) -> Option<Endpoint> {
    let (address, behind) = message.split_once(": ")?;
    let known = ["configured timeouts: ", "Topology Description"].iter().any(|word| behind.contains(word));
    let (host, port) = split_address(address).filter(|(_, port)| known && port.is_some())?;
    Endpoint::address(host, port)
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
