//! The retry verdict as code: a retry policy of Airflow 3.3 and later, or what does the same before it. It is made of this file's own words, of
//! numbers, and of class names that are proper Python names and nothing else: log text never becomes code.

use crate::record::{Dialect, Exception};
use crate::time::Span;

/// Code that carries a verdict out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Python.
    pub code: String,
    /// What it runs on: `airflow >= 3.3`.
    pub needs: &'static str,
}

/// The first version with retry policies.
const WITH_POLICIES: &str = "airflow >= 3.3";

/// What has run on all versions since.
const WITHOUT_POLICIES: &str = "airflow >= 2.0";

/// Airflow's own default of `retry_delay`, for where nothing was seen of how long it lasts.
const DELAY_MINUTES_DEFAULT: i64 = 5;

/// Nobody's task should wait longer on the word of one incident.
const DELAY_MINUTES_MAX: i64 = 60;

/// How many classes one rule names; an incident with more faces is no case for a rule by class.
const CLASSES_MAX: usize = 3;

/// Python's own exceptions that say what went wrong.
const BUILTINS: [&str; 46] = [
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BlockingIOError",
    "BrokenPipeError",
    "BufferError",
    "ChildProcessError",
    "ConnectionAbortedError",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "EOFError",
    "Exception",
    "FileExistsError",
    "FileNotFoundError",
    "FloatingPointError",
    "ImportError",
    "IndentationError",
    "IndexError",
    "InterruptedError",
    "IsADirectoryError",
    "KeyError",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "NotADirectoryError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PermissionError",
    "ProcessLookupError",
    "RecursionError",
    "ReferenceError",
    "RuntimeError",
    "SyntaxError",
    "TabError",
    "TimeoutError",
    "TypeError",
    "UnboundLocalError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeError",
    "UnicodeTranslateError",
    "ValueError",
    "ZeroDivisionError",
];

/// Names that a client library gives to exceptions of its own, too.
const ALSO_OF_LIBRARIES: [&str; 3] = ["ConnectionError", "TimeoutError", "PermissionError"];

/// Where classes live that a log may name without their module, by the library that made the call, or by any where that is empty.
const HOMES: [(&str, &str, &[&str]); 5] = [
    (
        "requests",
        "requests.exceptions",
        &[
            "ConnectionError",
            "ConnectTimeout",
            "ReadTimeout",
            "Timeout",
            "HTTPError",
            "SSLError",
            "ProxyError",
            "ChunkedEncodingError",
            "InvalidURL",
            "MissingSchema",
            "InvalidSchema",
            "TooManyRedirects",
        ],
    ),
    (
        "httpx",
        "httpx",
        &[
            "ConnectError",
            "ConnectTimeout",
            "ReadError",
            "ReadTimeout",
            "WriteError",
            "WriteTimeout",
            "PoolTimeout",
            "RemoteProtocolError",
            "HTTPStatusError",
            "ProxyError",
            "UnsupportedProtocol",
        ],
    ),
    ("boto3", "botocore.exceptions", &["ClientError", "EndpointConnectionError", "NoCredentialsError", "ConnectTimeoutError"]),
    ("", "http.client", &["RemoteDisconnected", "IncompleteRead", "BadStatusLine"]),
    ("", "ssl", &["SSLCertVerificationError", "SSLEOFError", "SSLZeroReturnError"]),
];

/// Classes that stand for faults that pass as well as for those that stay: to give up on each of them would lose the tries that help.
const BROAD: [&str; 31] = [
    "APIError",
    "AirflowException",
    "ApiException",
    "BaseException",
    "BotoCoreError",
    "ChildProcessError",
    "ClientError",
    "ConnectError",
    "ConnectionError",
    "DBAPIError",
    "DatabaseError",
    "Error",
    "Exception",
    "GoogleAPICallError",
    "HTTPError",
    "HTTPStatusError",
    "HttpError",
    "IOError",
    "InterfaceError",
    "InternalError",
    "OSError",
    "OperationalError",
    "ProgrammingError",
    "ProxyError",
    "RequestException",
    "RuntimeError",
    "SSLError",
    "Timeout",
    "TimeoutError",
    "URLError",
    "gaierror",
];

/// Classes with which Airflow fails or skips a task at once whatever a policy says.
const FINAL: [&str; 4] = ["AirflowFailException", "AirflowSensorTimeout", "AirflowSkipException", "AirflowTaskTerminated"];

/// What a retry policy is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Give up at once; how many tries failed in the same way, if that is why.
    GiveUp {
        /// How many tries failed in the same way, where tries say so.
        tries: Option<usize>,
    },
    /// Try again after what the outage took, where that was seen.
    Wait(Option<Span>),
    /// Try again later and later: the server asked for less.
    BackOff,
}

/// The raised exception of one failure, by its dotted path; `None` where it cannot be named for sure.
pub(super) fn path_of(raised: &Exception, library: Option<&str>) -> Option<String> {
    let class = raised.class.as_str();
    if let Some(module) = raised.module.as_deref() {
        // Airflow gives a DAG file a module name of its own making, which nothing else can import; private names change with every version.
        let importable = !module.starts_with("unusual_prefix_") && !module.split('.').chain([class]).any(|name| name.starts_with('_'));
        // An exception of another program that a job runs, Java's for one, comes without frames of Python.
        let is_pythons = !raised.frames.is_empty() || HOMES.iter().any(|(_, home, _)| *home == module);
        return (importable && is_pythons && module.split('.').all(is_identifier) && is_identifier(class))
            .then(|| format!("{module}.{class}"));
    }
    let home = HOMES.iter().find(|(of, _, classes)| (of.is_empty() || library == Some(*of)) && classes.contains(&class));
    if let Some((_, module, _)) = home {
        return Some(format!("{module}.{class}"));
    }
    // Databases have syntax errors too, which no file and line goes with.
    let of_database = class == "SyntaxError" && raised.syntax.is_none();
    let ambiguous = of_database || (library.is_some() && ALSO_OF_LIBRARIES.contains(&class));
    (BUILTINS.contains(&class) && !ambiguous).then(|| format!("builtins.{class}"))
}

/// Code for an incident whose failures raised these classes, by dotted path; `None` where a rule by class would do harm or nothing. `dialect` is how the logs
/// are written, which tells Airflow 2 from later ones.
pub(super) fn policy(act: Act, paths: &[String], dialect: Dialect) -> Option<Policy> {
    let named = paths.iter().all(|path| path.contains('.') && path.split('.').all(is_identifier));
    if paths.is_empty() || paths.len() > CLASSES_MAX || !named {
        return None;
    }
    let is_one_of = |path: &String, classes: &[&str]| classes.contains(&path.rsplit('.').next().unwrap_or_default());
    let is_broad = |path: &String| is_one_of(path, &BROAD);
    if paths.iter().any(|path| is_one_of(path, &FINAL)) {
        return None;
    }
    if matches!(act, Act::GiveUp { .. }) && paths.iter().any(is_broad) {
        return None;
    }
    let before_policies = matches!(dialect, Dialect::Text | Dialect::Legacy);
    Some(if before_policies {
        Policy { code: parameters(act, paths), needs: WITHOUT_POLICIES }
    } else {
        Policy { code: rules(act, paths), needs: WITH_POLICIES }
    })
}

/// As a retry policy.
fn rules(act: Act, paths: &[String]) -> String {
    let exception = match paths {
        [one] => format!("\"{one}\""),
        several => format!("[{}]", several.iter().map(|path| format!("\"{path}\"")).collect::<Vec<String>>().join(", ")),
    };
    let reason = reason(act);
    let (imports, action, on_task) = match act {
        Act::GiveUp { .. } => ("", "FAIL,".to_owned(), "retry_policy=policy".to_owned()),
        Act::Wait(outage) => (
            "from datetime import timedelta\n",
            format!("RETRY, retry_delay=timedelta(minutes={}),", minutes(outage)),
            "retries=3, retry_policy=policy".to_owned(),
        ),
        Act::BackOff => (
            "from datetime import timedelta\n",
            "RETRY,".to_owned(),
            "retries=5, retry_delay=timedelta(minutes=1), retry_exponential_backoff=2, retry_policy=policy".to_owned(),
        ),
    };
    format!(
        "{imports}from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule\n\
         policy = ExceptionRetryPolicy(rules=[\n    \
             RetryRule(exception={exception},\n              \
                       action=RetryAction.{action} reason=\"{reason}\"),\n\
         ])\n\
         task_arguments = dict({on_task})      # to the operator, or to @task\n"
    )
}

/// As parameters and exceptions that earlier versions know.
fn parameters(act: Act, paths: &[String]) -> String {
    match act {
        Act::GiveUp { .. } => {
            let mut modules: Vec<&str> =
                paths.iter().filter_map(|path| Some(path.rsplit_once('.')?.0)).filter(|module| *module != "builtins").collect();
            modules.sort_unstable();
            modules.dedup();
            let imports: String = modules.iter().map(|module| format!("import {module}\n")).collect();
            let names: Vec<&str> = paths.iter().map(|path| path.strip_prefix("builtins.").unwrap_or(path)).collect();
            let names = if let [one] = names[..] { one.to_owned() } else { format!("({})", names.join(", ")) };
            format!(
                "{imports}from airflow.exceptions import AirflowFailException\n\
                 try:\n    \
                     ...      # what fails\n\
                 except {names} as error:\n    \
                     raise AirflowFailException(\"{}\") from error\n",
                reason(act)
            )
        }
        Act::Wait(outage) => format!(
            "from datetime import timedelta\n\
             task_arguments = dict(retries=3, retry_delay=timedelta(minutes={}))      # {}\n",
            minutes(outage),
            reason(act)
        ),
        Act::BackOff => format!(
            "from datetime import timedelta\n\
             task_arguments = dict(retries=5, retry_delay=timedelta(minutes=1), retry_exponential_backoff=True,\n                      \
                                   max_retry_delay=timedelta(minutes=30))      # {}\n",
            reason(act)
        ),
    }
}

/// Why, in words that can stand in a string of Python.
fn reason(act: Act) -> String {
    match act {
        Act::GiveUp { tries: Some(tries) } => format!("failed on {tries} tries in the same way"),
        Act::GiveUp { tries: None } => "stays until somebody mends it".to_owned(),
        Act::Wait(Some(outage)) => format!("it had passed after {outage}"),
        Act::Wait(None) => "such a fault usually passes".to_owned(),
        Act::BackOff => "the server asked for fewer requests".to_owned(),
    }
}

/// As many minutes as an outage took, rounded up.
fn minutes(outage: Option<Span>) -> i64 {
    match outage {
        Some(outage) => ((outage.as_secs_f64() / 60.0).ceil() as i64).clamp(1, DELAY_MINUTES_MAX),
        None => DELAY_MINUTES_DEFAULT,
    }
}

/// Whether a text is a name in Python, of plain letters and no more than a name's length.
fn is_identifier(text: &str) -> bool {
    /// A longer one is no name that somebody wrote.
    const NAME_BYTES_MAX: usize = 100;
    let mut bytes = text.bytes();
    text.len() <= NAME_BYTES_MAX
        && bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !KEYWORDS.contains(&text)
}

/// Python's words, which are no names.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try",
    "while", "with", "yield",
];

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
