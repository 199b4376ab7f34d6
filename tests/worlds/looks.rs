//! What a failure looks like in a log, once the log has been read: the symptom's id, what the call was doing, the chain of exceptions.
//!
//! Taken from what real attempt tables show of real logs; the texts are those that the libraries print.

use dagnosis::record::{Exception, Frame, Link, Phase};

use super::world::{Library, Task};

/// One way of failing, as a log shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Look {
    Reset,
    Closed,
    SendReset,
    Refused,
    ReadTimeout,
    ConnectTimeout,
    NoRoute,
    NameTemporary,
    NameUnknown,
    Status(u16),
    Limited,
    Expired,
    /// A signal 9, with Airflow's line about it.
    Killed,
    /// The log just stops, and the scheduler misses the heartbeat later.
    Stopped,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    /// An attribute that another version of a package has.
    NoAttribute,
    /// An exception class of the DAG's own.
    Custom,
    NoModule,
    NoName,
    NoFile,
    NoRelation,
    BadSql,
    SensorTimeout,
    NotJson,
}

/// A built-in exception: its class and its message.
type Raised = (Option<&'static str>, &'static str, String);

impl Look {
    /// All that may happen to any task at any time.
    pub(crate) const ANYWHERE: [(Self, f64); 10] = [
        (Self::KeyError, 2.0),
        (Self::TypeError, 1.0),
        (Self::ValueError, 2.0),
        (Self::AttributeError, 1.0),
        (Self::Custom, 1.0),
        (Self::NoFile, 2.0),
        (Self::NoRelation, 1.0),
        (Self::BadSql, 1.0),
        (Self::SensorTimeout, 1.5),
        (Self::NotJson, 0.7),
    ];

    /// What may happen to any call at any time.
    pub(crate) const BLIPS: [(Self, f64); 7] = [
        (Self::Reset, 2.0),
        (Self::Closed, 2.0),
        (Self::ReadTimeout, 1.0),
        (Self::ConnectTimeout, 0.7),
        (Self::Status(502), 0.5),
        (Self::Status(500), 1.0),
        (Self::NameTemporary, 0.3),
    ];

    /// The id of its symptom.
    pub(crate) fn symptom(self) -> &'static str {
        match self {
            Self::Reset => "connection-reset",
            Self::Closed => "remote-closed",
            Self::SendReset => "reset-while-sending",
            Self::Refused => "connection-refused",
            Self::ReadTimeout => "read-timeout",
            Self::ConnectTimeout => "connect-timeout",
            Self::NoRoute => "no-route",
            Self::NameTemporary => "name-resolution-temporary",
            Self::NameUnknown => "name-not-found",
            Self::Status(502) => "http-502",
            Self::Status(503) => "http-503",
            Self::Status(504) => "http-504",
            Self::Status(_) => "http-500",
            Self::Limited => "api-rate-limited",
            Self::Expired => "tls-cert-expired",
            Self::Killed => "task-sigkill",
            Self::Stopped => "log-just-stops",
            Self::KeyError => "python-key-error",
            Self::TypeError => "python-type-error",
            Self::ValueError => "python-value-error",
            Self::AttributeError | Self::NoAttribute => "python-attribute-error",
            Self::Custom => "custom-exception",
            Self::NoModule => "module-not-found",
            Self::NoName => "import-name-error",
            Self::NoFile => "file-not-found",
            Self::NoRelation => "db-object-missing",
            Self::BadSql => "db-syntax-error",
            Self::SensorTimeout => "sensor-timeout",
            Self::NotJson => "response-not-json",
        }
    }

    /// What other clients, or the same one a moment later, print for the same event.
    pub(crate) fn neighbours(self) -> &'static [Self] {
        match self {
            Self::Reset => &[Self::Closed, Self::SendReset],
            Self::Closed => &[Self::Reset],
            Self::Status(503) => &[Self::Status(502)],
            Self::Status(502) => &[Self::Status(503), Self::Status(504)],
            Self::ConnectTimeout => &[Self::NoRoute],
            Self::NoRoute => &[Self::ConnectTimeout],
            Self::NameTemporary => &[Self::NameUnknown],
            Self::NoModule => &[Self::NoName],
            _ => &[],
        }
    }

    /// Whether it is a call that failed.
    pub(crate) fn is_call(self) -> bool {
        self.phase().is_some() || matches!(self, Self::Status(_) | Self::Limited)
    }

    /// What the call was doing, as far as the frames tell.
    pub(crate) fn phase(self) -> Option<Phase> {
        match self {
            Self::NameTemporary | Self::NameUnknown => Some(Phase::Resolve),
            Self::Refused | Self::ConnectTimeout | Self::NoRoute => Some(Phase::Connect),
            Self::Expired => Some(Phase::Tls),
            Self::SendReset => Some(Phase::Send),
            Self::Reset | Self::Closed | Self::ReadTimeout => Some(Phase::Wait),
            _ => None,
        }
    }

    /// Whether the error of that client names the endpoint.
    pub(crate) fn names_endpoint(self, library: Library) -> bool {
        match (library, self) {
            (_, Self::Reset | Self::Closed | Self::SendReset) | (Library::Urllib, _) => false,
            (Library::Requests, _) => self.is_call(),
            (Library::Httpx, _) => matches!(self, Self::Status(_) | Self::Limited),
        }
    }

    /// The operating system's number in its message.
    pub(crate) fn errno(self) -> Option<i32> {
        match self {
            Self::Reset | Self::SendReset => Some(104),
            Self::NoRoute => Some(113),
            Self::NameTemporary => Some(-3),
            Self::NameUnknown => Some(-2),
            Self::NoFile => Some(2),
            _ => None,
        }
    }

    /// The first exception: what Python itself or the innermost library raised.
    fn raised(self, task: &Task, url: &str) -> Raised {
        let python = |class: &'static str, message: &str| (None, class, message.to_owned());
        let place = &task.code;
        match self {
            Self::Reset | Self::SendReset => python("ConnectionResetError", "[Errno 104] Connection reset by peer"),
            Self::Closed => (Some("http.client"), "RemoteDisconnected", "Remote end closed connection without response".to_owned()),
            Self::Refused => python("ConnectionRefusedError", "[Errno 111] Connection refused"),
            Self::ReadTimeout | Self::ConnectTimeout => python("TimeoutError", "timed out"),
            Self::NoRoute => python("OSError", "[Errno 113] No route to host"),
            Self::NameTemporary => (Some("socket"), "gaierror", "[Errno -3] Temporary failure in name resolution".to_owned()),
            Self::NameUnknown => (Some("socket"), "gaierror", "[Errno -2] Name or service not known".to_owned()),
            Self::Status(status) => (Some("requests.exceptions"), "HTTPError", format!("{status} Server Error for url: {url}")),
            Self::Limited => (Some("requests.exceptions"), "HTTPError", format!("429 Client Error: Too Many Requests for url: {url}")),
            Self::Expired => {
                let says = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)";
                (Some("ssl"), "SSLCertVerificationError", says.to_owned())
            }
            Self::Killed | Self::Stopped => python("", ""),
            Self::KeyError => python("KeyError", &format!("'field_{place}'")),
            Self::TypeError => python("TypeError", "'NoneType' object is not subscriptable"),
            Self::ValueError => python("ValueError", &format!("could not convert string to float: 'n/a{place}'")),
            Self::AttributeError => python("AttributeError", &format!("'NoneType' object has no attribute 'field_{place}'")),
            Self::NoAttribute => python("AttributeError", "module 'tables' has no attribute 'read_frame'"),
            Self::Custom => (Some("include.checks"), "BatchIncomplete", format!("batch of {} is incomplete", task.id)),
            Self::NoModule => python("ModuleNotFoundError", "No module named 'tables_client'"),
            Self::NoName => python("ImportError", "cannot import name 'Frame' from 'tables' (/opt/venv/lib/tables/__init__.py)"),
            Self::NoFile => python("FileNotFoundError", &format!("[Errno 2] No such file or directory: '/data/landing/rows-{place}.csv'")),
            Self::NoRelation => (Some("psycopg2.errors"), "UndefinedTable", format!("relation \"staging.rows_{place}\" does not exist")),
            Self::BadSql => (Some("psycopg2.errors"), "SyntaxError", "syntax error at or near \"FORM\"".to_owned()),
            Self::SensorTimeout => {
                let says = "Sensor has timed out; run duration of 3600.2 seconds exceeds the specified timeout of 3600.0.";
                (Some("airflow.exceptions"), "AirflowSensorTimeout", says.to_owned())
            }
            Self::NotJson => (Some("json.decoder"), "JSONDecodeError", "Expecting value: line 1 column 1 (char 0)".to_owned()),
        }
    }

    /// The line of the log that shows it.
    pub(crate) fn excerpt(self, task: &Task, url: &str) -> String {
        match self {
            Self::Killed => "Task exited with return code -9".to_owned(),
            Self::Stopped => "batch 18 written".to_owned(),
            _ => {
                let (module, class, message) = self.raised(task, url);
                module.map(|module| format!("{module}.")).unwrap_or_default() + class + ": " + &message
            }
        }
    }

    /// The chain of exceptions, root first. Airflow 3 gives no modules.
    pub(crate) fn chain(self, task: &Task, dag: &str, url: &str, json: bool) -> Vec<Exception> {
        if matches!(self, Self::Killed | Self::Stopped) {
            return Vec::new();
        }
        let raised = self.raised(task, url);
        let own = frame(&format!("/opt/airflow/dags/{dag}.py"), &task.id);
        if !self.is_call() || task.library == Library::Urllib {
            let mut frames = vec![own];
            frames.extend(self.inner_frames(task.session));
            return vec![exception(raised, frames, Link::First, json)];
        }
        let wrapper: Raised = match (task.library, self) {
            (_, Self::Status(_) | Self::Limited) => {
                let file = frame("/opt/venv/lib/python3.11/site-packages/requests/models.py", "raise_for_status");
                return vec![exception(raised, vec![own, file], Link::First, json)];
            }
            (Library::Httpx, Self::ReadTimeout) => (Some("httpx"), "ReadTimeout", "timed out".to_owned()),
            (Library::Httpx, Self::ConnectTimeout) => (Some("httpx"), "ConnectTimeout", "timed out".to_owned()),
            (Library::Httpx, _) => (Some("httpx"), "ConnectError", raised.2.clone()),
            (_, Self::ReadTimeout) => (Some("requests.exceptions"), "ReadTimeout", "Read timed out.".to_owned()),
            (_, Self::ConnectTimeout) => (Some("requests.exceptions"), "ConnectTimeout", "Max retries exceeded".to_owned()),
            (_, Self::Expired) => (Some("requests.exceptions"), "SSLError", "Max retries exceeded".to_owned()),
            (_, Self::Reset | Self::Closed | Self::SendReset) => {
                (Some("requests.exceptions"), "ConnectionError", format!("('Connection aborted.', {}({}))", raised.1, raised.2))
            }
            _ => (Some("requests.exceptions"), "ConnectionError", "Max retries exceeded".to_owned()),
        };
        let sessions = if task.session { "/opt/venv/lib/python3.11/site-packages/requests/sessions.py" } else { API };
        let outer = vec![own, frame(sessions, "post"), frame("/opt/venv/lib/python3.11/site-packages/requests/adapters.py", "send")];
        vec![exception(raised, self.inner_frames(task.session), Link::First, json), exception(wrapper, outer, Link::Context, json)]
    }

    fn inner_frames(self, session: bool) -> Vec<Frame> {
        let python = |file: &str, function: &str| frame(&format!("/usr/local/lib/python3.11/{file}"), function);
        match self.phase() {
            Some(Phase::Resolve) => vec![python("socket.py", "getaddrinfo")],
            Some(Phase::Connect) => vec![python("socket.py", "create_connection")],
            Some(Phase::Tls) => vec![python("ssl.py", "do_handshake")],
            Some(Phase::Send) => vec![python("http/client.py", "send")],
            Some(_) if session => vec![python("http/client.py", "getresponse"), python("socket.py", "readinto")],
            Some(_) => {
                vec![python("urllib/request.py", "do_open"), python("http/client.py", "getresponse"), python("socket.py", "readinto")]
            }
            None => Vec::new(),
        }
    }
}

const API: &str = "/opt/venv/lib/python3.11/site-packages/requests/api.py";

fn frame(file: &str, function: &str) -> Frame {
    Frame { file: file.to_owned(), line: 12, function: function.to_owned(), code: None }
}

fn exception((module, class, message): Raised, frames: Vec<Frame>, link: Link, json: bool) -> Exception {
    let module = module.filter(|_| !json).map(str::to_owned);
    Exception { module, class: class.to_owned(), message, frames: frames.into(), link, ..Exception::default() }
}
