//! The blanks of the rules' commands, `HOST` or `TASK_ID`, filled with what an incident names. Such values come out of logs, and a command is made to
//! be pasted into a shell: only values of letters that no shell, no quote and no program takes for anything else are filled in; for others the
//! blank stays.

use std::borrow::Cow;

use crate::attempt::Attempt;
use crate::correlate::Incident;
use crate::record::{Endpoint, Target};

/// A longer value is no name.
const VALUE_BYTES_MAX: usize = 250;

/// What the blanks of an incident's commands stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blanks(Vec<(&'static str, String)>);

impl Blanks {
    /// The values of an incident, all of one and the same attempt, so that they fit together: the kill that began it, else the first that shows its
    /// symptom.
    pub(super) fn of(incident: &Incident, attempts: &[Attempt]) -> Self {
        let shows = |row: &&usize| attempts[**row].failure.as_ref().is_some_and(|failure| failure.symptom == incident.symptom);
        let row = incident.root.or_else(|| incident.attempts.iter().find(shows).or_else(|| incident.attempts.first()).copied());
        let Some(attempt) = row.and_then(|row| attempts.get(row)) else { return Self::default() };
        let failure = attempt.failure.as_ref();
        let endpoint = failure.and_then(|failure| failure.endpoint.as_deref()).and_then(Endpoint::of_key);
        let (mut host, mut port, mut connection) = (None, None, failure.and_then(|failure| failure.facts.conn_id.clone()));
        match endpoint.map(|endpoint| endpoint.target) {
            // An IPv6 address needs brackets in some places and none in others.
            Some(Target::Address { host: name, port: number }) if !name.contains(':') => {
                (host, port) = (Some(name), number.map(|port| port.to_string()));
            }
            Some(Target::Connection(name)) => connection = connection.or(Some(name)),
            _ => {}
        }
        let task = &attempt.task;
        let values = [
            ("HOST", host),
            ("PORT", port),
            ("DAG_ID", task.dag_id.as_deref().map(str::to_owned)),
            ("TASK_ID", task.task_id.as_deref().map(str::to_owned)),
            ("RUN_ID", task.run_id.as_deref().map(str::to_owned)),
            ("CONN_ID", connection),
        ];
        Self(values.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| is_plain(value))?))).collect())
    }

    /// A command with its blanks filled, as far as they are known. A blank is a word of its own: `$HOST` and `PGHOST` are none.
    #[must_use]
    pub fn fill<'c>(&self, command: &'c str) -> Cow<'c, str> {
        let mut filled = Cow::Borrowed(command);
        for (name, value) in &self.0 {
            if filled.contains(name) {
                filled = Cow::Owned(replaced(&filled, name, value));
            }
        }
        filled
    }
}

/// Whether a value is plain in every shell, between any quotes, and as an argument: an Airflow id, a host, a port. What begins with a dash would be an
/// option.
fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value.len() <= VALUE_BYTES_MAX
        && !value.starts_with(['-', '+', ':'])
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:+".contains(&byte))
}

fn replaced(text: &str, name: &str, value: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_$-".contains(c);
    let mut out = String::with_capacity(text.len() + value.len());
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, found) = rest.split_at(at);
        let after = &found[name.len()..];
        // The character before it may stand in what was copied already.
        let follows = before.chars().next_back().or_else(|| out.chars().next_back()).is_some_and(is_word);
        let goes_on = after.chars().next().is_some_and(|c| is_word(c) && c != '-');
        out.push_str(before);
        out.push_str(if follows || goes_on { name } else { value });
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blanks() -> Blanks {
        Blanks(vec![
            ("HOST", "api.example.com".to_owned()),
            ("PORT", "8443".to_owned()),
            ("RUN_ID", "manual__2026-11-21T07:12:25+00:00".to_owned()),
        ])
    }

    #[test]
    fn blanks_are_filled_where_they_are_words() {
        for (command, filled) in [
            ("nc -vz HOST PORT", "nc -vz api.example.com 8443"),
            ("curl -v https://HOST:PORT/ -H 'Host: HOST'", "curl -v https://api.example.com:8443/ -H 'Host: api.example.com'"),
            ("tcpdump 'host HOST and port PORT'", "tcpdump 'host api.example.com and port 8443'"),
            ("airflow tasks states-for-dag-run DAG_ID RUN_ID", "airflow tasks states-for-dag-run DAG_ID manual__2026-11-21T07:12:25+00:00"),
            ("echo $HOST PGHOST HOSTNAME HOST_NAME HOSTHOST", "echo $HOST PGHOST HOSTNAME HOST_NAME HOSTHOST"),
            ("plain", "plain"),
        ] {
            assert_eq!(blanks().fill(command), filled);
        }
    }

    #[test]
    fn a_value_that_a_shell_could_take_for_more_is_not_filled_in() {
        for plain in ["api.example.com", "10.0.0.7", "::1".trim_start_matches(':'), "load.orders-2", "scheduled__2026-11-21T06:00:00+00:00"]
        {
            assert!(is_plain(plain), "{plain:?}");
        }
        for hostile in [
            "",
            "-oProxyCommand=x",
            "a b",
            "a;reboot",
            "$(id)",
            "`id`",
            "a'b",
            "a\"b",
            "a|b",
            "a>b",
            "a&b",
            "a\nb",
            "a\\b",
            "*",
            "~",
            "{a,b}",
            "#a",
            "a!b",
            "ä",
            "a/../b",
            "a%b",
            "a=b",
            "a\u{202e}b",
        ] {
            assert!(!is_plain(hostile), "{hostile:?}");
        }
        assert!(is_plain(&"a".repeat(250)) && !is_plain(&"a".repeat(251)));
    }
}
