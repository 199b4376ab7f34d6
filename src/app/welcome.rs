//! What is said to who runs the program without anything: what it is, how to begin, and where there is more. It fits on a screen of 80 by 24.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::EXIT_ERROR;

/// Says how to begin, and gives the exit code: nothing was done, and a job whose variable with the folder is empty must not pass for one that found no
/// failure. So do `rg` and `grep` without a pattern: a short text on standard error, and 2. (`fd` lists the current folder; to read all that lies
/// there as logs would be wrong more often than right.)
pub fn welcome(err: &mut dyn Write) -> u8 {
    let var = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = var("AIRFLOW_HOME").or_else(|| Some(var("HOME")?.join("airflow")));
    let found = [Some(PathBuf::from("logs")), home.map(|home| home.join("logs"))].into_iter().flatten().find(|folder| folder.is_dir());
    // When standard error is gone too, the exit code is all that is left to say.
    let _ = err.write_all(says(found.as_deref()).as_bytes());
    EXIT_ERROR
}

/// The text; `logs` is a folder of logs that is there.
fn says(logs: Option<&Path>) -> String {
    // A name that is no plain word would have to be quoted for a shell: then the example does.
    let is_plain = |path: &&str| path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let (folder, why) = match logs.and_then(Path::to_str).filter(is_plain) {
        Some(folder) => (folder, "this folder is there"),
        None => ("/opt/airflow/logs", "why did tasks fail?"),
    };
    let first = format!("dagnosis {folder}");
    format!(
        "dagnosis reads Apache Airflow task logs and says why tasks failed, how sure it
is, on what evidence, and what to do. It works offline and changes nothing.

Usage: dagnosis [OPTIONS] PATH...

To begin:
  {first:<41}  {why}
  dagnosis logs.tar.gz -f html -o page.html  an archive; a page for the browser
  kubectl logs POD | dagnosis -              one log from a pipe
  dagnosis explain connection-reset          what a symptom or a cause means

Airflow keeps its logs where this says:
  airflow config get-value logging base_log_folder

dagnosis -h      the options that are used most
dagnosis --help  all of them, with examples and exit codes
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fits_on_a_small_screen() {
        for logs in [None, Some(Path::new("logs")), Some(Path::new("/srv/a folder"))] {
            let text = says(logs);
            assert!(text.lines().count() < 24, "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        }
        assert!(says(Some(Path::new("logs"))).contains("\n  dagnosis logs  "), "{}", says(Some(Path::new("logs"))));
    }
}
