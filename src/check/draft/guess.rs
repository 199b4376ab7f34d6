//! What a draft says besides its condition: an id, a title, a severity and a category. All of it is a guess that its reader mends.

use crate::record::Level;
use crate::rule::RuleSet;

use super::variable::shortened;

/// The longest id that is proposed.
const ID_BYTES_MAX: usize = 48;

/// The longest title.
const TITLE_CHARS_MAX: usize = 90;

/// Words of what a class, its module or a message says, and the category that they speak for; the first that is found counts.
const CATEGORIES: [(&str, &[&str]); 14] = [
    ("tls", &["ssl", "certificate", "tls"]),
    ("timeout", &["timeout", "timed out", "deadline"]),
    ("auth", &["unauthorized", "forbidden", "permission", "credential", "access denied", "accessdenied", "authentication", "token"]),
    ("kubernetes", &["kubernetes", "pod ", "container"]),
    ("resource", &["memory", "disk", "no space", "quota", "too many open files"]),
    ("broker", &["celery", "kombu", "amqp", "kafka", "redis", "broker"]),
    ("database", &["database", "sqlalchemy", "psycopg", "mysql", "oracle", "sqlite", "deadlock", "sql"]),
    ("network", &["connect", "socket", "disconnected", "protocolerror", "broken pipe", "name resolution", "network"]),
    ("http", &["http", "status code"]),
    ("process", &["killed", "signal", "exit code", "return code", "calledprocess", "subprocess"]),
    ("config", &["config", "not set", "environment variable", "variable "]),
    ("data", &["pandas", "parse", "decode", "schema", "column", "row", "json", "csv", "value", "format", "missing", "empty"]),
    ("airflow", &["airflow", "dag", "xcom", "task"]),
    ("code", &["error", "exception"]),
];

/// The category that the words speak for.
pub(super) fn category(class: &str, message: &str) -> &'static str {
    // What Python's own classes for mistakes in code are called says more than any message.
    const MISTAKES: [&str; 11] = [
        "KeyError",
        "TypeError",
        "AttributeError",
        "NameError",
        "IndexError",
        "ImportError",
        "ModuleNotFoundError",
        "SyntaxError",
        "UnboundLocalError",
        "NotImplementedError",
        "AssertionError",
    ];
    if MISTAKES.contains(&class.rsplit('.').next().unwrap_or_default()) {
        return "code";
    }
    let found = |text: &str| {
        let text = text.to_lowercase();
        CATEGORIES.iter().find(|(_, words)| words.iter().any(|word| text.contains(word))).map(|(category, _)| *category)
    };
    // Any class is an error; what the message speaks of tells more than that.
    let vague = |category: &&str| matches!(*category, "code" | "data" | "airflow");
    let (module, name) = class.rsplit_once('.').unwrap_or(("", class));
    [name, message, module].into_iter().filter_map(found).find(|category| !vague(category)).or_else(|| found(message)).unwrap_or("code")
}

/// How grave it is: as the record says, and no graver than high.
pub(super) fn severity(level: Option<Level>, has_exception: bool) -> &'static str {
    match level {
        Some(Level::Critical) => "high",
        Some(Level::Error) => "medium",
        _ if has_exception => "medium",
        Some(Level::Warning) => "low",
        Some(Level::Debug | Level::Info) => "info",
        None => "medium",
    }
}

/// An id in kebab-case that no rule has: `ReadTimeout` and what stays of its message, as far as there is room.
pub(super) fn id(rules: &RuleSet, class: &str, words: &str) -> String {
    let mut id = String::new();
    let spaced = split_camel(class.rsplit('.').next().unwrap_or_default());
    let all = format!("{spaced} {words}");
    for word in all.split(|c: char| !(c.is_ascii_alphanumeric() || c == '\'')) {
        let word: String = word.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        if word.is_empty() || id.len() + 1 + word.len() > ID_BYTES_MAX {
            if word.is_empty() { continue } else { break }
        }
        if !id.is_empty() {
            id.push('-');
        }
        id.push_str(&word);
    }
    // A word that YAML reads as something else than text, or no word at all.
    if !id.starts_with(|c: char| c.is_ascii_lowercase())
        || matches!(id.as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off" | "y" | "n")
    {
        id = format!("new-symptom-{id}").trim_end_matches('-').to_owned();
    }
    let is_taken = |id: &str| rules.symptom(id).is_some() || rules.cause(id).is_some();
    let further = (2..).map(|number| format!("{id}-{number}"));
    std::iter::once(id.clone()).chain(further).find(|id| !is_taken(id)).unwrap_or(id)
}

/// `ReadTimeout` as `Read Timeout`, `HTTPError` as `HTTP Error`.
fn split_camel(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| chars.get(before));
        let next_is_small = chars.get(at + 1).is_some_and(|next| next.is_ascii_lowercase());
        let begins = before.is_some_and(|before| before.is_ascii_lowercase() || (before.is_ascii_uppercase() && next_is_small));
        if c.is_ascii_uppercase() && begins {
            out.push(' ');
        }
        out.push(*c);
    }
    out
}

/// A title that no rule has.
pub(super) fn title(rules: &RuleSet, class: &str, words: &str) -> String {
    let class = class.rsplit('.').next().unwrap_or_default();
    let words = words.trim_matches(|c: char| c.is_whitespace() || c == '.' || c == ':');
    let all = match (class, words) {
        ("", "") => "A failure of a new kind".to_owned(),
        (class, "") => class.to_owned(),
        ("", words) => words.to_owned(),
        (class, words) => format!("{class}: {words}"),
    };
    let title = shortened(&all, TITLE_CHARS_MAX).trim_end_matches([':', ',', ' ']).to_owned();
    let is_taken = |title: &str| rules.named().iter().any(|symptom| symptom.title == title);
    let further = (2..).map(|number| format!("{title} ({number})"));
    std::iter::once(title.clone()).chain(further).find(|title| !is_taken(title)).unwrap_or(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_words_in_kebab_case() {
        let rules = RuleSet::default();
        for (class, words, expected) in [
            ("requests.exceptions.ReadTimeout", "", "read-timeout"),
            ("HTTPError", "Client Error for url", "http-error-client-error-for-url"),
            ("", "can't open: no such thing!", "cant-open-no-such-thing"),
            ("", "12 34", "new-symptom-12-34"),
            ("", "漢字", "new-symptom"),
            ("", "null", "new-symptom-null"),
        ] {
            assert_eq!(id(&rules, class, words), expected);
        }
    }

    #[test]
    fn categories_come_from_class_and_words() {
        for (class, message, expected) in [
            ("httpx.ReadTimeout", "", "timeout"),
            ("KeyError", "'database'", "code"),
            ("ValueError", "could not parse the file", "data"),
            ("", "connection pool exhausted", "network"),
            ("", "something odd", "code"),
        ] {
            assert_eq!(category(class, message), expected, "{class} {message}");
        }
    }
}
