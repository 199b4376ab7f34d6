//! The address that stands in the user's own source where a call begins: `session.post("http://orders.example.com:8080/v1/bulk", json=rows)`.
//! Python prints the source of each frame, and where a connection breaks its messages name no host.
//!
//! Only a literal tells: what is put together from variables, stands in a structure that is sent, or names a proxy is no address of the call.

use super::endpoint::{Endpoint, Target};
use crate::record::{Chain, Frame};

/// Keywords under which clients take the other side's URL; others take a proxy's, a referrer's, that of a callback.
const URL_KEYWORDS: [&str; 12] =
    ["url", "uri", "base_url", "endpoint", "endpoint_url", "address", "dsn", "conninfo", "server", "server_url", "hosts", "host"];

/// Keywords under which they take its name alone.
const HOST_KEYWORDS: [&str; 3] = ["host", "hostname", "server"];

/// Whether a piece of source may name an address.
pub(in crate::record) fn may_name_address(code: &str) -> bool {
    code.contains("://") || HOST_KEYWORDS.iter().any(|keyword| code.contains(keyword))
}

/// The address in the innermost of the user's own frames that has one, where all exceptions of the chain agree about it: who fell back to
/// another server after a failure called both.
pub(super) fn in_frames(chain: &Chain) -> Option<Endpoint> {
    let all = chain.exceptions.iter().map(|exception| &*exception.frames).chain([&chain.unfinished]);
    let mut found: Option<Endpoint> = None;
    for endpoint in all.filter_map(|frames| innermost(frames)) {
        match &found {
            Some(known) if known.target != endpoint.target => return None,
            Some(_) => {}
            None => found = Some(endpoint),
        }
    }
    found
}

fn innermost(frames: &[Frame]) -> Option<Endpoint> {
    frames.iter().rev().filter_map(|frame| frame.code.as_deref()).find_map(in_code)
}

/// The address that a piece of source names, if it is one and the call's own.
fn in_code(code: &str) -> Option<Endpoint> {
    // What raises an error or writes it down may name a page that explains it.
    if ["raise ", "assert ", "log.", "logger.", "logging.", "print("].iter().any(|word| code.starts_with(word)) {
        return None;
    }
    let mut found: Option<Endpoint> = None;
    for literal in literals(code) {
        let Some(endpoint) = of_literal(&literal, code) else { continue };
        if found.as_ref().is_some_and(|known| known.target != endpoint.target) {
            return None;
        }
        found.get_or_insert(endpoint);
    }
    found
}

/// A text in the source, as an argument of a call.
struct Literal<'c> {
    text: &'c str,
    /// The keyword before it; empty for an argument without one.
    keyword: &'c str,
    /// More is put to its end.
    goes_on: bool,
}

fn of_literal(literal: &Literal<'_>, code: &str) -> Option<Endpoint> {
    if let Some((scheme, rest)) = literal.text.split_once("://") {
        let is_url = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+');
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        // Without its end the host may be longer than what stands here.
        let is_whole = authority.len() < rest.len() || !literal.goes_on;
        let fits = is_url && is_whole && !authority.contains(['{', '%', '<', '*']) && !authority.ends_with(['.', '-', ':', '@']);
        let known = literal.keyword.is_empty() || URL_KEYWORDS.contains(&literal.keyword);
        return Endpoint::of_url(literal.text).filter(|_| fits && known);
    }
    if !HOST_KEYWORDS.contains(&literal.keyword) || literal.goes_on {
        return None;
    }
    let port = match after_keyword(code, "port") {
        Some(value) => Some(value.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?),
        None => None,
    };
    let endpoint = Endpoint::address(literal.text, port)?;
    // A word without a port is a name for anything.
    let is_address = matches!(&endpoint.target, Target::Address { host, port } if port.is_some() || host.contains(['.', ':']));
    is_address.then_some(endpoint)
}

/// What stands behind `port=`, where it is an argument.
fn after_keyword<'c>(code: &'c str, keyword: &str) -> Option<&'c str> {
    code.match_indices(keyword).find_map(|(at, _)| {
        let begins = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        code[at + keyword.len()..].trim_start().strip_prefix('=').filter(|_| begins).map(str::trim_start)
    })
}

/// The literals that are arguments of calls themselves, not parts of what is given to them.
fn literals(code: &str) -> Vec<Literal<'_>> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut open: Vec<u8> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'#' => at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end),
            b'(' | b'[' | b'{' => open.push(byte),
            b')' | b']' | b'}' => {
                open.pop();
            }
            b'"' | b'\'' => {
                let Some((text, end)) = literal_at(code, at) else { break };
                let is_argument = !open.is_empty() && open.iter().all(|bracket| *bracket == b'(');
                if let Some(keyword) = keyword_before(code, at).filter(|_| is_argument) {
                    let behind = code[end..].trim_start();
                    let goes_on = behind.starts_with(['+', '%', '.', '"', '\'']) || starts_with_prefixed_literal(behind);
                    found.push(Literal { text, keyword, goes_on });
                }
                at = end - 1;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// A literal of one line from its quote on, and where it ends; `None` where it does not.
fn literal_at(code: &str, at: usize) -> Option<(&str, usize)> {
    let quote = code.as_bytes().get(at).copied()?;
    let mut escaped = false;
    for (offset, byte) in code.as_bytes().get(at + 1..)?.iter().enumerate() {
        match byte {
            b'\n' => return None,
            b'\\' if !escaped => escaped = true,
            byte if *byte == quote && !escaped => return Some((code.get(at + 1..at + 1 + offset)?, at + offset + 2)),
            _ => escaped = false,
        }
    }
    None
}

/// The keyword of an argument that begins with the literal at `at`: empty where it has none. `None` where the literal only is a part of one.
fn keyword_before(code: &str, at: usize) -> Option<&str> {
    let before = code.get(..at)?;
    // The letters that say what kind of text it is.
    let bare = before.trim_end_matches(['f', 'F', 'r', 'R', 'b', 'B', 'u', 'U']);
    let before = if bare.ends_with(|c: char| c.is_alphanumeric() || c == '_') { return None } else { bare.trim_end() };
    match before.as_bytes().last()? {
        b'(' | b',' => Some(""),
        b'=' => {
            let name = before[..before.len() - 1].trim_end();
            let begin = name.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |before| before + 1);
            Some(&name[begin..]).filter(|name| !name.is_empty())
        }
        _ => None,
    }
}

fn starts_with_prefixed_literal(text: &str) -> bool {
    let rest = text.trim_start_matches(['f', 'F', 'r', 'R', 'b', 'B', 'u', 'U']);
    rest.len() < text.len() && rest.starts_with(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;

    fn named(code: &str) -> String {
        in_code(code).map(|endpoint| endpoint.key()).unwrap_or_default()
    }

    #[test]
    fn a_literal_address_of_a_call_is_found() {
        for (code, key) in [
            ("resp = session.post(\"http://orders.example.com:8080/v1/bulk\", json=rows)", "orders.example.com:8080"),
            ("return requests.get('https://Orders.Example.com/v1', timeout=(3, 60)).json()", "orders.example.com:443"),
            ("r = client.request(\"GET\", f\"http://api.example.com:8080/v1/{group}?page={page}\")", "api.example.com:8080"),
            ("with urlopen(Request(\"https://api.example.com\", data=body), timeout=5) as answer:", "api.example.com:443"),
            ("async with session.get(url=\"http://[fd00::5]:8080/\") as answer:", "[fd00::5]:8080"),
            ("engine = create_engine(\"postgresql+psycopg2://loader:s3cr/et@db.example.com/orders\")", "db.example.com:5432"),
            ("conn = psycopg2.connect(host=\"db.example.com\", port=5433, dbname=\"orders\")", "db.example.com:5433"),
            ("conn = connect(host='db.example.com', user='x')", "db.example.com"),
            ("smtp = SMTP(host=\"mail\", port=25)", "mail:25"),
            ("resp = session.post(\n\"http://orders.example.com:8080/v1/bulk\",\njson=rows,\n)", "orders.example.com:8080"),
            (
                "get(\"http://a.example.com/x\", headers={\"Referer\": \"http://b.example.com/\"})  # not http://c.example.com",
                "a.example.com:80",
            ),
            ("get(\"http://a.example.com:8080\", proxies=PROXIES, proxy=\"http://proxy.example.com:3128\")", "a.example.com:8080"),
        ] {
            assert_eq!(named(code), key, "{code}");
        }
    }

    #[test]
    fn what_is_put_together_or_is_no_address_of_the_call_is_none() {
        for code in [
            "",
            "resp = session.post(url, json=rows)",
            "resp = get(f\"http://{HOST}/v1\")",
            "resp = get(f\"http://{tenant}.example.com/v1\")",
            "resp = get(f\"http://api.example.com:{PORT}/v1\")",
            "resp = get(\"https://api.\" + region)",
            "resp = get(\"https://api.example\" \".com/v1\")",
            "resp = get(\"https://api.example.com\" f\":{PORT}/v1\")",
            "resp = get(\"https://%s.example.com/v1\" % tenant)",
            "mirror(\"http://a.example.com/\", \"http://b.example.com/\")",
            "post(url, json={\"callback\": \"http://me.example.com/\"})",
            "post(url, json=[\"http://me.example.com/\"])",
            "post(url, proxy=\"http://proxy.example.com:3128\")",
            "post(url, referer=\"http://me.example.com/\")",
            "raise RuntimeError(\"see http://wiki.example.com/runbook\")",
            "log.info(\"sent to %s\", get(\"http://a.example.com/\"))",
            "URL = \"http://a.example.com/\"",
            "get(url)  # http://a.example.com/",
            "get(\"http://a.example.com/",
            "connect(host=HOST, port=5432)",
            "connect(host=\"db.example.com\", port=PORT)",
            "connect(host=\"warehouse\")",
            "get(\"https://docs.example.com/how-to\")",
            "get(\"\\\"",
        ] {
            assert_eq!(named(code), "", "{code}");
        }
    }

    fn in_traceback(frames: &str) -> Option<String> {
        let chain =
            Record::from_text(&format!("Traceback (most recent call last):\n{frames}ConnectionError: ('Connection aborted.', x)")).chain;
        in_frames(&chain).map(|endpoint| endpoint.key())
    }

    const LIBRARY: &str =
        "  File \"/usr/lib/python3/dist-packages/requests/api.py\", line 9, in get\n    return request(\"http://default.example.com/\")\n";

    #[test]
    fn the_innermost_own_frame_with_one_tells() {
        let own = |file: &str, code: &str| format!("  File \"/opt/airflow/dags/{file}.py\", line 7, in run\n    {code}\n");
        let outer = own("a", "push(\"http://outer.example.com/\", rows)");
        let helper = own("b", "return session.post(url, json=rows)");
        assert_eq!(in_traceback(&format!("{outer}{helper}{LIBRARY}")).as_deref(), Some("outer.example.com:80"));
        let inner = own("b", "return session.post(\"http://inner.example.com/\", json=rows)");
        assert_eq!(in_traceback(&format!("{outer}{inner}{LIBRARY}")).as_deref(), Some("inner.example.com:80"));
        assert_eq!(in_traceback(&format!("{helper}{LIBRARY}")), None);
        // As Python 3.13 shows a call of several lines.
        let lines =
            own("b", "session.post(\n    ~~~~~~~~~~~~^\n        \"http://lines.example.com/\",\n        ^^^^^\n        json=rows,\n    )");
        assert_eq!(in_traceback(&format!("{lines}{LIBRARY}")).as_deref(), Some("lines.example.com:80"));
    }

    #[test]
    fn who_fell_back_to_another_server_called_both() {
        let first = "  File \"/opt/airflow/dags/a.py\", line 7, in run\n    get(\"http://a.example.com/\")\n";
        let link = "ConnectionError: x\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n";
        let second = first.replace("//a.", "//b.");
        assert_eq!(in_traceback(&format!("{first}{link}{second}")), None);
        assert_eq!(in_traceback(&format!("{first}{link}{first}")).as_deref(), Some("a.example.com:80"));
    }
}
