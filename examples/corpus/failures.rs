//! How tasks fail: chains of exceptions with their frames, as Python prints them and as Airflow 3 lists them.

use std::fmt::Write as _;

use super::random::Random;
use super::words::fill;

/// A frame: the file, its line, the function, and the line of code.
pub(crate) type Frame = (&'static str, u32, &'static str, &'static str);

/// An exception; what stands in its value for values is filled as in `words`.
#[derive(Debug)]
pub(crate) struct Raised {
    pub(crate) module: &'static str,
    pub(crate) class: &'static str,
    pub(crate) value: &'static str,
    pub(crate) frames: &'static [Frame],
    /// Raised `from` the one before it, rather than while that was handled.
    pub(crate) is_from: bool,
}

/// A failure: the innermost exception first. The last one passed through the task's own code.
pub(crate) type Failure = &'static [Raised];

const fn raised(module: &'static str, class: &'static str, value: &'static str, frames: &'static [Frame]) -> Raised {
    Raised { module, class, value, frames, is_from: false }
}

const fn from(module: &'static str, class: &'static str, value: &'static str, frames: &'static [Frame]) -> Raised {
    Raised { module, class, value, frames, is_from: true }
}

const LIB: &str = "/opt/airflow/venv/lib/python3.11/site-packages/";

const CONNECT: &[Frame] = &[
    ("urllib3/connectionpool.py", 787, "urlopen", "response = self._make_request("),
    ("urllib3/connectionpool.py", 493, "_make_request", "conn.request("),
    ("urllib3/connection.py", 445, "request", "self.endheaders()"),
    ("/usr/local/lib/python3.11/http/client.py", 1289, "endheaders", "self._send_output(message_body, encode_chunked=encode_chunked)"),
    ("/usr/local/lib/python3.11/http/client.py", 986, "send", "self.connect()"),
    ("urllib3/connection.py", 276, "connect", "self.sock = self._new_conn()"),
    ("urllib3/connection.py", 198, "_new_conn", "sock = connection.create_connection("),
];

const ANSWER: &[Frame] = &[
    ("urllib3/connectionpool.py", 787, "urlopen", "response = self._make_request("),
    ("urllib3/connectionpool.py", 534, "_make_request", "response = conn.getresponse()"),
    ("urllib3/connection.py", 516, "getresponse", "httplib_response = super().getresponse()"),
    ("/usr/local/lib/python3.11/http/client.py", 1386, "getresponse", "response.begin()"),
    ("/usr/local/lib/python3.11/http/client.py", 325, "begin", "version, status, reason = self._read_status()"),
];

const BY_REQUESTS: &[Frame] = &[
    ("requests/sessions.py", 589, "request", "resp = self.send(prep, **send_kwargs)"),
    ("requests/sessions.py", 703, "send", "r = adapter.send(request, **kwargs)"),
    ("requests/adapters.py", 677, "send", "raise ConnectionError(e, request=request)"),
];

/// All kinds of failures, about as often as they come; each DAG has its own few.
pub(crate) const FAILURES: &[Failure] = &[
    &[
        raised("builtins", "ConnectionRefusedError", "[Errno 111] Connection refused", CONNECT),
        from(
            "urllib3.exceptions",
            "NewConnectionError",
            "<urllib3.connection.HTTPConnection object at 0x7f31$x>: Failed to establish a new connection: [Errno 111] Connection refused",
            CONNECT,
        ),
        raised(
            "requests.exceptions",
            "ConnectionError",
            "HTTPConnectionPool(host='orders-api.example.com', port=8080): Max retries exceeded with url: /v1/$w?page=$n (Caused by NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f31$x>: Failed to establish a new connection: [Errno 111] Connection refused'))",
            BY_REQUESTS,
        ),
    ],
    &[raised("builtins", "KeyError", "'$w_$n'", &[("/opt/airflow/lib/jobs/rows.py", 88, "by_name", "return row[name]")])],
    &[
        raised("builtins", "TimeoutError", "timed out", ANSWER),
        from(
            "urllib3.exceptions",
            "ReadTimeoutError",
            "HTTPSConnectionPool(host='crm-api.example.com', port=443): Read timed out. (read timeout=30)",
            ANSWER,
        ),
        raised(
            "requests.exceptions",
            "ReadTimeout",
            "HTTPSConnectionPool(host='crm-api.example.com', port=443): Read timed out. (read timeout=30)",
            BY_REQUESTS,
        ),
    ],
    &[raised(
        "requests.exceptions",
        "HTTPError",
        "503 Server Error: Service Unavailable for url: https://stock-api.example.com:8443/v1/$w/$n",
        &[("requests/models.py", 1028, "raise_for_status", "raise HTTPError(http_error_msg, response=self)")],
    )],
    &[
        raised("http.client", "RemoteDisconnected", "Remote end closed connection without response", ANSWER),
        raised(
            "urllib3.exceptions",
            "ProtocolError",
            "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
            ANSWER,
        ),
        raised(
            "requests.exceptions",
            "ConnectionError",
            "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
            BY_REQUESTS,
        ),
    ],
    &[raised(
        "psycopg2.errors",
        "UndefinedColumn",
        "column \"$w_id\" does not exist\nLINE 1: SELECT $w_id FROM $t WHERE ds = '$d'\n               ^\n",
        &[
            ("airflow/providers/common/sql/hooks/sql.py", 478, "run", "self._run_command(cur, sql_statement, parameters)"),
            ("airflow/providers/common/sql/hooks/sql.py", 554, "_run_command", "cur.execute(sql_statement)"),
        ],
    )],
    &[
        raised(
            "psycopg2",
            "OperationalError",
            "connection to server at \"warehouse.example.com\" (10.0.$n.7), port 5432 failed: FATAL:  sorry, too many clients already\n",
            &[("psycopg2/__init__.py", 122, "connect", "conn = _connect(dsn, connection_factory=connection_factory, **kwasync)")],
        ),
        from(
            "sqlalchemy.exc",
            "OperationalError",
            "(psycopg2.OperationalError) connection to server at \"warehouse.example.com\" (10.0.$n.7), port 5432 failed: FATAL:  sorry, too many clients already\n\n(Background on this error at: https://sqlalche.me/e/14/e3q8)",
            &[
                ("sqlalchemy/engine/base.py", 3371, "_wrap_pool_connect", "return fn()"),
                ("sqlalchemy/pool/base.py", 327, "connect", "return _ConnectionFairy._checkout(self)"),
            ],
        ),
    ],
    &[raised(
        "builtins",
        "ValueError",
        "period $d has no postings, expected at least $n",
        &[("/opt/airflow/lib/jobs/checks.py", 31, "not_empty", "raise ValueError(text)")],
    )],
    &[raised(
        "builtins",
        "FileNotFoundError",
        "[Errno 2] No such file or directory: '/data/incoming/$w/$d.csv'",
        &[("/opt/airflow/lib/jobs/files.py", 12, "lines", "with open(path, encoding=\"utf-8\") as file:")],
    )],
    &[raised(
        "airflow.exceptions",
        "AirflowException",
        "Bash command failed. The command returned a non-zero exit code $n.",
        &[("airflow/providers/standard/operators/bash.py", 232, "execute", "raise AirflowException(")],
    )],
    &[raised(
        "botocore.exceptions",
        "ClientError",
        "An error occurred (AccessDenied) when calling the PutObject operation: User: arn:aws:sts::000000000000:assumed-role/loader/$x is not authorized to perform: s3:PutObject",
        &[
            ("botocore/client.py", 569, "_api_call", "return self._make_api_call(operation_name, kwargs)"),
            ("botocore/client.py", 1023, "_make_api_call", "raise error_class(parsed_response, operation_name)"),
        ],
    )],
    &[raised(
        "builtins",
        "UnicodeDecodeError",
        "'utf-8' codec can't decode byte 0xe9 in position $n: invalid continuation byte",
        &[("/usr/local/lib/python3.11/codecs.py", 322, "decode", "(result, consumed) = self._buffer_decode(data, self.errors, final)")],
    )],
    &[raised(
        "builtins",
        "MemoryError",
        "Unable to allocate $f GiB for an array with shape ($N, $n) and data type float64",
        &[("pandas/core/internals/managers.py", 1765, "as_array", "arr = self._interleave(dtype=dtype, na_value=na_value)")],
    )],
    &[raised(
        "jobs.errors",
        "DeliveryRefused",
        "the carrier refused parcel $x: $w",
        &[("/opt/airflow/lib/jobs/parcels.py", 57, "hand_over", "raise DeliveryRefused(parcel, answer[\"reason\"])")],
    )],
];

/// What Airflow 2.10 has on the stack before the task's own code, and Airflow 3.1.
const OUTER_2: &[Frame] = &[
    ("airflow/models/taskinstance.py", 768, "_execute_task", "result = _execute_callable(context=context, **execute_callable_kwargs)"),
    ("airflow/models/taskinstance.py", 734, "_execute_callable", "return ExecutionCallableRunner("),
    ("airflow/utils/operator_helpers.py", 252, "run", "return self.func(*args, **kwargs)"),
    ("airflow/models/baseoperator.py", 424, "wrapper", "return func(self, *args, **kwargs)"),
    ("airflow/operators/python.py", 238, "execute", "return_value = self.execute_callable()"),
    ("airflow/operators/python.py", 256, "execute_callable", "return runner.run(*self.op_args, **self.op_kwargs)"),
];
const OUTER_3: &[Frame] = &[
    ("airflow/sdk/execution_time/task_runner.py", 1112, "run", ""),
    ("airflow/sdk/execution_time/task_runner.py", 1528, "_execute_task", ""),
    ("airflow/sdk/bases/operator.py", 417, "wrapper", ""),
    ("airflow/providers/standard/operators/python.py", 227, "execute", ""),
    ("airflow/providers/standard/operators/python.py", 250, "execute_callable", ""),
    ("airflow/sdk/execution_time/callback_runner.py", 82, "run", ""),
];

/// A failure as it happened once: with its values filled in, and the frames of the task itself.
#[derive(Debug)]
pub(crate) struct Happened {
    /// The exceptions and what they say, the innermost first.
    chain: Vec<(&'static Raised, String)>,
    /// The line of the task's own code.
    line: u32,
    task: String,
}

impl Happened {
    pub(crate) fn new(failure: Failure, line: u32, task: String, random: &mut Random) -> Self {
        let mut filled = |raised: &'static Raised| {
            let mut value = String::new();
            fill(&mut value, raised.value, random);
            (raised, value)
        };
        Self { chain: failure.iter().map(&mut filled).collect(), line, task }
    }

    /// What the outermost exception says.
    pub(crate) fn value(&self) -> &str {
        self.chain.last().map_or("", |(_, value)| value)
    }

    /// All frames of an exception of the chain: each a path, a line, a function and the code.
    fn frames<'a>(&'a self, raised: &Raised, is_last: bool, outer: &'a [Frame]) -> impl Iterator<Item = (String, u32, &'a str, String)> {
        let own = ("/opt/airflow/lib/jobs/steps.py".to_owned(), self.line, self.task.as_str(), format!("{}(settings, run)", self.task));
        let path = |path: &str| if path.starts_with('/') { path.to_owned() } else { format!("{LIB}{path}") };
        let of = move |frame: &Frame| (path(frame.0), frame.1, frame.2, frame.3.to_owned());
        let before: Vec<_> = if is_last { outer.iter().map(of).chain([own]).collect() } else { Vec::new() };
        before.into_iter().chain(raised.frames.iter().map(of))
    }

    /// As Python prints it.
    pub(crate) fn text(&self, out: &mut String) {
        for (at, (raised, value)) in self.chain.iter().enumerate() {
            match (at, raised.is_from) {
                (0, _) => {}
                (_, true) => out.push_str("\nThe above exception was the direct cause of the following exception:\n\n"),
                (_, false) => out.push_str("\nDuring handling of the above exception, another exception occurred:\n\n"),
            }
            out.push_str("Traceback (most recent call last):\n");
            for (path, line, function, code) in self.frames(raised, at + 1 == self.chain.len(), OUTER_2) {
                // Writing to a string cannot fail.
                let _ = writeln!(out, "  File \"{path}\", line {line}, in {function}\n    {code}");
            }
            let module = if raised.module == "builtins" { String::new() } else { format!("{}.", raised.module) };
            let _ = writeln!(out, "{module}{}: {value}", raised.class);
        }
    }

    /// As Airflow 3 lists it: the outermost exception first.
    pub(crate) fn json(&self) -> serde_json::Value {
        let chain = self.chain.iter().enumerate().rev().map(|(at, (raised, value))| {
            let frames = self.frames(raised, at + 1 == self.chain.len(), OUTER_3);
            let frames: Vec<_> =
                frames.map(|(path, line, function, _)| serde_json::json!({ "filename": path, "lineno": line, "name": function })).collect();
            // Of an exception it is said whether the one before it in this list was raised from it.
            let is_cause = self.chain.get(at + 1).is_some_and(|(outer, _)| outer.is_from);
            serde_json::json!({
                "exc_type": raised.class, "exc_value": value, "exc_notes": [], "syntax_error": null, "is_cause": is_cause, "frames": frames,
                "is_group": false, "exceptions": []
            })
        });
        chain.collect()
    }
}
