//! One frame of a traceback, and what its path tells: which module it is, and whose code.

use serde::{Deserialize, Serialize};

/// One frame of a traceback.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Frame {
    /// The file as printed.
    pub file: String,
    /// The line in it.
    pub line: u32,
    /// The function; empty where the log names none, as for a syntax error.
    pub function: String,
    /// The source that is printed below it, where it is the user's own and may name an address.
    pub code: Option<Box<str>>,
}

/// What stands in Airflow's own package. A folder `airflow` that holds something else is a home of DAGs.
const AIRFLOW_PARTS: &str = " __main__ _shared api api_connexion api_fastapi api_internal assets auth bin callbacks cli cluster_policies \
    configuration contrib dag_processing dataset datasets decorators example_dags exceptions executors hooks io jobs kubernetes lineage \
    listeners logging logging_config macros metrics models notifications operators plugins_manager policies providers \
    providers_manager sdk secrets security sensors sentry serialization settings stats task task_sdk template ti_deps timetables traces \
    triggers typing_compat ui utils www ";

impl Frame {
    /// The module: `requests.adapters` of `../site-packages/requests/adapters.py`, `http.client` of Python's own library. `None` where the
    /// path does not tell where the packages begin, as in a DAG folder.
    #[must_use]
    pub fn module(&self) -> Option<String> {
        if let Some(frozen) = self.file.strip_prefix("<frozen ").and_then(|rest| rest.strip_suffix('>')) {
            return Some(frozen.to_owned());
        }
        let path = self.file.replace('\\', "/");
        let inside = in_packages(&path).or_else(|| in_standard_library(&path)).or_else(|| in_airflow(&path))?;
        let inside = inside.strip_suffix(".py").or_else(|| inside.strip_suffix(".pyx"))?;
        let inside = inside.strip_suffix("/__init__").unwrap_or(inside);
        let names_something = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
        inside.split('/').all(names_something).then(|| inside.replace('/', "."))
    }

    /// Whether it is the operator's own code: not a library's, not Python's, not Airflow's, wherever they are installed. DAG folders
    /// and plugins are.
    #[must_use]
    pub fn is_application(&self) -> bool {
        let path = self.file.replace('\\', "/");
        let is_library = in_packages(&path).is_some() || in_standard_library(&path).is_some() || path.starts_with("<frozen ");
        // A program such as `/usr/local/bin/airflow` only starts what counts.
        let is_program = path.rsplit_once('/').is_some_and(|(folder, name)| folder.ends_with("/bin") && !name.contains('.'));
        !is_library && !is_program && in_airflow(&path).is_none()
    }
}

/// The part of a path behind the folder of installed packages.
fn in_packages(path: &str) -> Option<&str> {
    ["site-packages/", "dist-packages/"].iter().find_map(|folder| path.rsplit_once(folder)).map(|(_, inside)| inside)
}

/// The part of a path behind `/lib/python3.11/`.
fn in_standard_library(path: &str) -> Option<&str> {
    for folder in ["/lib/python", "/lib64/python", "/lib/pypy"] {
        for (at, _) in path.match_indices(folder) {
            let rest = path.get(at + folder.len()..).unwrap_or_default();
            if let Some((version, inside)) = rest.split_once('/')
                && version.starts_with(|c: char| c.is_ascii_digit())
                && version.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
            {
                return Some(inside);
            }
        }
    }
    // Windows: `C:/Python311/Lib/http/client.py`.
    path.split_once("/Lib/").filter(|(before, _)| before.to_ascii_lowercase().contains("python")).map(|(_, inside)| inside)
}

/// The part of a path from Airflow's own package on, as in an image that has it under `/opt/airflow/airflow`. What stands in a folder of
/// DAGs or plugins is none, whatever its folders are called.
fn in_airflow(path: &str) -> Option<&str> {
    let mut at = 0;
    for part in path.split('/') {
        if matches!(part, "dags" | "plugins") {
            return None;
        }
        if part == "airflow" {
            let inside = path.get(at..)?;
            let next = inside.split('/').nth(1).unwrap_or_default();
            let next = next.strip_suffix(".py").unwrap_or(next);
            if !next.is_empty() && AIRFLOW_PARTS.contains(&format!(" {next} ")) {
                return Some(inside);
            }
        }
        at += part.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_the_module_and_whose_code_it_is() {
        let cases = [
            ("/home/airflow/.local/lib/python3.11/site-packages/requests/adapters.py", Some("requests.adapters"), false),
            ("/usr/lib/python3/dist-packages/yaml/__init__.py", Some("yaml"), false),
            ("/usr/local/lib/python3.11/http/client.py", Some("http.client"), false),
            ("/usr/lib64/python2.7/socket.py", Some("socket"), false),
            ("C:\\Python311\\Lib\\json\\decoder.py", Some("json.decoder"), false),
            ("<frozen importlib._bootstrap>", Some("importlib._bootstrap"), false),
            ("/opt/airflow/airflow/models/taskinstance.py", Some("airflow.models.taskinstance"), false),
            ("/usr/local/airflow/airflow/settings.py", Some("airflow.settings"), false),
            ("/airflow/models/__init__.py", Some("airflow.models"), false),
            ("/opt/airflow/task-sdk/src/airflow/sdk/execution_time/task_runner.py", Some("airflow.sdk.execution_time.task_runner"), false),
            ("/usr/local/bin/airflow", None, false),
            ("/opt/airflow/dags/x.py", None, true),
            ("/opt/airflow/dags/repo/airflow/utils/x.py", None, true),
            ("/opt/airflow/plugins/operators/load.py", None, true),
            ("/usr/local/airflow/include/http/get.py", None, true),
            ("/srv/lib/python_tools/x.py", None, true),
            ("<string>", None, true),
            ("<stdin>", None, true),
            ("", None, true),
            ("/usr/lib/python3.8/site-packages/a b/c.py", None, false),
            ("/usr/lib/python3.8/site-packages/lib.so", None, false),
        ];
        for (file, module, application) in cases {
            let frame = Frame { file: file.to_owned(), ..Frame::default() };
            assert_eq!((frame.module().as_deref(), frame.is_application()), (module, application), "{file}");
        }
    }
}
