//! The blanks of the rules' commands, `HOST` or `TASK_ID`, filled with what an incident names. Such values come out of logs, and a command is made to
//! be pasted into a shell: only values of letters that no shell, no quote and no program takes for anything else are filled in; for others the
//! blank stays.

use std::borrow::Cow;

use crate::attempt::{Attempts, Failure};
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
    pub(super) fn of(incident: &Incident, attempts: &Attempts) -> Self {
        let shows = |row: &&usize| attempts.at(**row).failure().is_some_and(|failure| failure.symptom == incident.symptom);
        let row = incident.root.or_else(|| incident.attempts.iter().find(shows).or_else(|| incident.attempts.first()).copied());
        let Some(attempt) = row.and_then(|row| attempts.get(row)) else { return Self::default() };
        let mut values = vec![
            ("DAG_ID", attempt.dag_id().map(str::to_owned)),
            ("TASK_ID", attempt.task_id().map(str::to_owned)),
            ("RUN_ID", attempt.run_id().map(str::to_owned)),
        ];
        if let Some(failure) = attempt.failure() {
            values.extend(of_call(failure));
        }
        Self(values.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| is_plain(name, value))?))).collect())
    }

    /// A command with its blanks filled, as far as they are known. A blank is a word of its own: `$HOST` and `PGHOST` are none.
    #[must_use]
    pub fn fill<'c>(&self, command: &'c str) -> Cow<'c, str> {
        let mut filled = Cow::Borrowed(command);
        for (name, value) in &self.0 {
            // Other systems have runs too: only beside a DAG is it one of Airflow's.
            let is_meant = *name != "RUN_ID" || command.contains("DAG_ID");
            if is_meant && filled.contains(name) {
                filled = Cow::Owned(replaced(&filled, name, value));
            }
        }
        filled
    }
}

/// What the failing call gives: its host, port, scheme and URL, its Airflow connection.
fn of_call(failure: &Failure) -> Vec<(&'static str, Option<String>)> {
    let endpoint = failure.endpoint.as_deref().and_then(Endpoint::of_key);
    let connection = failure.facts.conn_id.clone();
    let (host, port) = match endpoint.map(|endpoint| endpoint.target) {
        // An IPv6 address needs brackets in some places and none in others.
        Some(Target::Address { host, port }) if !host.contains(':') => (host, port),
        Some(Target::Connection(name)) => return vec![("CONN_ID", connection.or(Some(name)))],
        _ => return vec![("CONN_ID", connection)],
    };
    let texts = || failure.chain.iter().map(|exception| exception.message.as_str()).chain([failure.excerpt.as_str()]);
    let says = |start: &str| texts().any(|text| text.to_ascii_lowercase().contains(start));
    let scheme = [("https", "httpsconnection"), ("http", "httpconnection")]
        .into_iter()
        .find(|(scheme, pool)| says(&format!("{scheme}://{host}")) || says(pool))
        .map(|(scheme, _)| scheme);
    let place = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    let named = failure.call.endpoint.as_ref().filter(|named| failure.endpoint.as_deref() == Some(&named.key()));
    let path = named.and_then(|named| named.path.as_deref()).filter(|path| path.starts_with('/')).unwrap_or("/");
    let url = scheme.map(|scheme| format!("{scheme}://{place}{path}"));
    vec![
        ("URL", url),
        ("SCHEME", scheme.map(str::to_owned)),
        ("HOST", Some(host)),
        ("PORT", port.map(|port| port.to_string())),
        ("CONN_ID", connection),
    ]
}

/// Whether a value is plain in every shell, between any quotes, and as an argument: an Airflow id, a host, a port. What begins with a dash would be an
/// option.
fn is_plain(name: &str, value: &str) -> bool {
    let slash = |byte| name == "URL" && byte == b'/';
    !value.is_empty()
        && value.len() <= VALUE_BYTES_MAX
        && !value.starts_with(['-', '+', ':'])
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:+".contains(&byte) || slash(byte))
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
            ("databricks jobs get-run RUN_ID", "databricks jobs get-run RUN_ID"),
            ("curl -s URL/RESOURCE_ID CURL URLS", "curl -s URL/RESOURCE_ID CURL URLS"),
            ("plain", "plain"),
        ] {
            assert_eq!(blanks().fill(command), filled);
        }
    }

    #[test]
    fn the_values_are_those_of_the_failing_call() {
        let of = |excerpt: &str| {
            let failure = Failure { endpoint: Some("api.example.com:8443".to_owned()), excerpt: excerpt.to_owned(), ..Failure::default() };
            let value = |name| of_call(&failure).into_iter().find(|(known, _)| *known == name).and_then(|(_, value)| value);
            (value("HOST").unwrap_or_default(), value("PORT").unwrap_or_default(), value("URL"))
        };
        let known = |url: Option<&str>| ("api.example.com".to_owned(), "8443".to_owned(), url.map(str::to_owned));
        assert_eq!(of("HTTPSConnectionPool(host='api.example.com', port=8443)"), known(Some("https://api.example.com:8443/")));
        assert_eq!(of("503 for url: http://api.example.com:8443/v1"), known(Some("http://api.example.com:8443/")));
        assert_eq!(of("Connection refused"), known(None), "the scheme is not guessed");
        let six = Failure { endpoint: Some("[fd00::7]:443".to_owned()), ..Failure::default() };
        assert!(of_call(&six).iter().all(|(_, value)| value.is_none()));
    }

    #[test]
    fn a_value_that_a_shell_could_take_for_more_is_not_filled_in() {
        for plain in ["api.example.com", "10.0.0.7", "::1".trim_start_matches(':'), "load.orders-2", "scheduled__2026-11-21T06:00:00+00:00"]
        {
            assert!(is_plain("HOST", plain), "{plain:?}");
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
            assert!(!is_plain("HOST", hostile), "{hostile:?}");
        }
        assert!(is_plain("HOST", &"a".repeat(250)) && !is_plain("HOST", &"a".repeat(251)));
        assert!(is_plain("URL", "https://a.example/v1") && !is_plain("URL", "https://a.example/v1?x=1") && !is_plain("DAG_ID", "a/b"));
    }
}
