//! The typed facts that a rule's named groups, or the program itself, take from a record.

use serde::{Deserialize, Serialize};

/// What one record says about the call or process that failed. Everything is optional; texts are as printed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The host that was called (not the worker's own).
    pub host: Option<String>,
    /// Its port.
    pub port: Option<u16>,
    /// The whole URL.
    pub url: Option<String>,
    /// `GET`, `POST`, ..
    pub method: Option<String>,
    /// The HTTP status.
    pub status: Option<u16>,
    /// The timeout that the message names, in microseconds.
    pub timeout: Option<crate::time::Span>,
    /// The operating system's error number.
    pub errno: Option<i32>,
    /// The signal, positive.
    pub signal: Option<i32>,
    /// The exit code as printed.
    pub exit_code: Option<i32>,
    /// An Airflow connection.
    pub conn_id: Option<String>,
    /// A thing by name: a module, a variable, a table, a missing command.
    pub name: Option<String>,
    /// A file.
    pub path: Option<String>,
    /// A number of bytes.
    pub bytes: Option<u64>,
    /// A process.
    pub pid: Option<u32>,
}

impl Facts {
    /// The names that a rule's groups may have.
    pub const NAMES: [&'static str; 14] =
        ["host", "port", "url", "method", "status", "timeout_s", "errno", "signal", "exit_code", "conn_id", "name", "path", "bytes", "pid"];

    /// Sets a fact by its group name unless it is set already. A text that is not of the fact's type is ignored: the log
    /// is not at fault when a pattern catches too much. Unknown names are ignored; the loader refuses them.
    pub fn set(&mut self, name: &str, text: &str) {
        fn put<T>(slot: &mut Option<T>, value: Option<T>) {
            if slot.is_none() {
                *slot = value;
            }
        }
        let owned = || (!text.is_empty()).then(|| text.to_owned());
        match name {
            "host" => put(&mut self.host, owned()),
            "port" => put(&mut self.port, text.parse().ok()),
            "url" => put(&mut self.url, owned()),
            "method" => put(&mut self.method, owned().map(|method| method.to_ascii_uppercase())),
            "status" => put(&mut self.status, text.parse().ok()),
            "timeout_s" => {
                let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0);
                put(&mut self.timeout, seconds.map(crate::time::Span::from_secs_f64));
            }
            "errno" => put(&mut self.errno, text.parse().ok()),
            "signal" => put(&mut self.signal, text.parse().ok().map(i32::wrapping_abs)),
            "exit_code" => put(&mut self.exit_code, text.parse().ok()),
            "conn_id" => put(&mut self.conn_id, owned()),
            "name" => put(&mut self.name, owned()),
            "path" => put(&mut self.path, owned()),
            "bytes" => put(&mut self.bytes, text.parse().ok()),
            "pid" => put(&mut self.pid, text.parse().ok()),
            _ => {}
        }
    }

    /// Takes from `other` what is not known here.
    pub fn fill(&mut self, other: &Self) {
        let Self { host, port, url, method, status, timeout, errno, signal, exit_code, conn_id, name, path, bytes, pid } = other;
        fn put<T: Clone>(slot: &mut Option<T>, value: &Option<T>) {
            if slot.is_none() {
                slot.clone_from(value);
            }
        }
        put(&mut self.host, host);
        put(&mut self.port, port);
        put(&mut self.url, url);
        put(&mut self.method, method);
        put(&mut self.status, status);
        put(&mut self.timeout, timeout);
        put(&mut self.errno, errno);
        put(&mut self.signal, signal);
        put(&mut self.exit_code, exit_code);
        put(&mut self.conn_id, conn_id);
        put(&mut self.name, name);
        put(&mut self.path, path);
        put(&mut self.bytes, bytes);
        put(&mut self.pid, pid);
    }

    /// The endpoint `host:port` that the facts name, from `host` and `port` or from `url`; in the form of [`super::Endpoint::key`].
    #[must_use]
    pub fn endpoint(&self) -> Option<String> {
        match (&self.host, self.port) {
            (Some(host), Some(port)) => Some(named(host, Some(port))),
            _ => self
                .url
                .as_deref()
                .and_then(|url| super::Endpoint::of_url(url).map(|endpoint| endpoint.key()))
                .or_else(|| self.host.as_ref().map(|host| named(host, None))),
        }
    }
}

/// A host in the one form that endpoints have; where a rule has caught what is no host, in lower case.
fn named(host: &str, port: Option<u16>) -> String {
    super::Endpoint::address(host, port).map_or_else(
        || port.map_or_else(|| host.to_ascii_lowercase(), |port| format!("{}:{port}", host.to_ascii_lowercase())),
        |endpoint| endpoint.key(),
    )
}
