//! Masking: what looks like a secret is shown as `***`, as Airflow itself shows masked values.
//!
//! Two kinds of pattern. Tokens of known form are masked wherever they stand. A value behind a telling name (`password=…`) is
//! masked unless it is evidently no secret: a placeholder, a piece of code, or a word of a sentence ("token: expired"). In doubt it
//! is masked; a diagnosis never needs a secret.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::{Captures, Regex, RegexSet};

/// The patterns, each compiled when a text first asks for it; one is made per report.
#[derive(Debug, Default)]
pub(crate) struct Mask {
    any: OnceLock<RegexSet>,
    patterns: [OnceLock<Option<Regex>>; PATTERNS.len()],
}

/// Decides on a match and the text after it: group `v` is the secret, `k` and `t` stay. `true` masks.
type Judge = fn(&Captures<'_>, &str) -> bool;

/// The patterns in the order in which they are applied. Every one has the group `v`, and `k` for what stays before it.
const PATTERNS: [(&str, Judge); 13] = [
    // A private key, to its end or to the end of the excerpt.
    (r"(?s)(?P<k>-----BEGIN [A-Z ]*PRIVATE KEY[A-Z ]*-----)(?P<v>.*?(?:-----END [A-Z ]*PRIVATE KEY[A-Z ]*-----|\z))", always),
    // user:password@ in a URL. An `@` may stand in the password; a slash ends the authority.
    (r#"(?P<k>[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@"'<>]*:)(?P<v>[^\s/"'<>]+)(?P<t>@)"#, always),
    // token@ in a URL.
    (r#"(?P<k>[A-Za-z][A-Za-z0-9+.-]*://)(?P<v>[A-Za-z0-9_-]{20,})(?P<t>@)"#, random),
    // Oracle's user/password@.
    (r"(?P<k>(?i:oracle:thin:|oracle://)[A-Za-z0-9_$]+/)(?P<v>[^\s@/]+)(?P<t>@)", always),
    // An HTTP header with credentials: scheme and value.
    (
        r#"(?P<k>(?i:authorization)\\?["']?\s*[:=]\s*b?\\?["']?(?i:bearer|basic|token|digest|negotiate|apikey|key|aws4-hmac-sha256)\s+)(?P<v>[^\s"',;\\}]{4,})"#,
        header,
    ),
    (r#"(?P<k>(?i:authorization|x-api-key|x-auth-token|x-vault-token)\\?["']?\s*[:=]\s*b?\\?["']?)(?P<v>[^\s"',;\\}]{8,})"#, random),
    (r"(?P<k>\b(?i:bearer)\s+)(?P<v>[A-Za-z0-9._~+/-]{12,}={0,2})", random),
    (r"(?P<k>\b(?i:basic)\s+)(?P<v>[A-Za-z0-9+/]{8,}={0,2})", base64),
    (r"(?P<k>\b(?i:(?:set-)?cookie)\\?[\x22']?\s*:\s*\\?[\x22']?[^\s=;,]+=)(?P<v>[^\s;,\x22']{6,})", always),
    // Tokens of known form.
    (
        concat!(
            r"\b(?P<k>eyJ)(?P<v>[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*){1,4}|[A-Za-z0-9_-]{40,})",
            r"|\b(?P<k2>AKIA|ASIA)(?P<v2>[A-Z0-9]{16})\b",
            r"|\b(?P<k3>xox[a-z]-|xapp-|gh[opsur]_|github_pat_|glpat-|sk_live_|rk_live_|npm_|hf_|hvs\.|dapi|AIza|ya29\.|pypi-|SG\.|gAAAAA)(?P<v3>[A-Za-z0-9_.-]{16,})",
            r"|(?P<k4>hooks\.slack\.com/services/)(?P<v4>[A-Za-z0-9/]{16,})",
        ),
        known_form,
    ),
    // A Fernet key close behind a word that announces a key: 32 bytes in base64.
    (r"(?P<k>\b(?i:fernet|encryption|secret|key)\b[^\n=]{0,24}?[\s:='\x22])(?P<v>[A-Za-z0-9_-]{43}=)", always),
    // A command line: --password VALUE, -u user:VALUE.
    (
        r#"(?P<k>--(?:[a-z-]*-)?(?:password|passwd|token|secret|api-key|access-key)\s+["']?|\s(?:-u|--user)\s+["']?[^\s:"']+:)(?P<v>[^\s"']+)"#,
        argument,
    ),
    // A name that tells, and its value: password=…, "api_key": "…", AWS_SECRET_ACCESS_KEY: ….
    (
        concat!(
            r"(?P<k>(?P<name>[A-Za-z0-9_.-]{0,64}(?i:password|passwd|passphrase|pwd|secret|token|credentials?|signature",
            r"|(?:access|account|api|secret|private|encryption|signing|shared|storage|master|fernet)[_-]?(?:access[_-]?)?key)|[?&]sig|(?i:x-amz-signature|x-goog-signature))",
            r#"(?P<sep>\\?["']?\]?\s*(?:=>|=|:)\s*)b?)(?P<v>\\?"[^"\n]*"|\\?'[^'\n]*'|[^\s,;&"'<>)}\]\\]+)"#,
        ),
        named,
    ),
];

impl Mask {
    /// The text with its secrets masked.
    pub(crate) fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        // The patterns are constants and a test compiles each of them: none is left out here.
        let any = self.any.get_or_init(|| RegexSet::new(PATTERNS.map(|(pattern, _)| pattern)).unwrap_or_default());
        let found = any.matches(text);
        if !found.matched_any() {
            return Cow::Borrowed(text);
        }
        let mut masked = Cow::Borrowed(text);
        for ((pattern, judge), compiled) in found.iter().filter_map(|at| Some((PATTERNS.get(at)?, self.patterns.get(at)?))) {
            let Some(regex) = compiled.get_or_init(|| Regex::new(pattern).ok()) else { continue };
            let replaced = regex.replace_all(&masked, |found: &Captures<'_>| {
                let after = found.get(0).and_then(|whole| masked.get(whole.end()..)).unwrap_or_default();
                if judge(found, after) { replacement(found) } else { group(found, "").to_owned() }
            });
            if let Cow::Owned(replaced) = replaced {
                masked = Cow::Owned(replaced);
            }
        }
        masked
    }
}

/// What stands in the place of a secret and of what announced it.
fn replacement(found: &Captures<'_>) -> String {
    let value = group(found, "v");
    let quotes = value.trim_start_matches('\\');
    let quote = if quotes.starts_with(['"', '\'']) { value.get(..value.len() - quotes.len() + 1).unwrap_or_default() } else { "" };
    // A quoted value ends with its quote, written as it began: `\"` in JSON inside JSON.
    let kept: String = ["k", "k2", "k3", "k4"].iter().map(|name| group(found, name)).collect();
    format!("{kept}{quote}***{quote}{}", group(found, "t"))
}

/// A group's text; the whole match for no name.
fn group<'t>(found: &Captures<'t>, name: &str) -> &'t str {
    let group = if name.is_empty() { found.get(0) } else { found.name(name) };
    group.map_or("", |group| group.as_str())
}

fn always(_: &Captures<'_>, _: &str) -> bool {
    true
}

/// For values without a telling form: words of a sentence are left.
fn random(found: &Captures<'_>, _: &str) -> bool {
    looks_random(group(found, "v"))
}

/// For the value of an `Authorization` header with its scheme: anything but a word.
fn header(found: &Captures<'_>, _: &str) -> bool {
    let value = group(found, "v");
    // `Bearer $TOKEN` in a command names a secret without being one.
    !is_placeholder(value) && (value.len() >= 8 || looks_random(value))
}

/// For what follows "Basic": base64 has a length divisible by four.
fn base64(found: &Captures<'_>, _: &str) -> bool {
    let value = group(found, "v");
    value.len().is_multiple_of(4) && looks_random(value)
}

/// For tokens with a known beginning: names such as `hf_some_long_task_name` have no digit or capital.
fn known_form(found: &Captures<'_>, _: &str) -> bool {
    let value = group(found, "v3");
    value.is_empty() || looks_random(value)
}

/// For arguments of a command line: `--token is required` and `-u 1000:1000` are no secrets.
fn argument(found: &Captures<'_>, _: &str) -> bool {
    let value = group(found, "v");
    let numeric_user = group(found, "k").contains("-u") && value.bytes().all(|byte| byte.is_ascii_digit());
    !(numeric_user || is_placeholder(value) || is_common_word(value))
}

/// For `name=value` and `name: value`.
fn named(found: &Captures<'_>, after: &str) -> bool {
    let (name, sep, value) = (group(found, "name"), group(found, "sep"), group(found, "v"));
    let bare = value.trim_start_matches('\\');
    let quoted = bare.starts_with(['"', '\'']);
    let inner = bare.trim_matches(['"', '\'', '\\']);
    if inner.is_empty() || is_placeholder(inner) || (is_common_word(inner) && !quoted) {
        return false;
    }
    if quoted {
        // A reason in quotes ("token": "token is expired") has spaces and no digit.
        return looks_random(inner) || !(inner.contains(' ') || is_common_word(inner));
    }
    // The code of a traceback: password=self.password, token=get_token().
    if is_code(name, inner) || (inner.starts_with('/') && name.ends_with(['d', 'D'])) {
        return false;
    }
    if sep.contains('=') {
        return true;
    }
    // Prose: "unexpected token: FROM at line 3", "secret: projects/a/secrets/b".
    let lower = name.to_ascii_lowercase();
    let parsed = lower == "token" || lower == "signature" || lower.starts_with("credential");
    if parsed || inner.contains('/') {
        return inner.len() >= 12 && looks_random(inner) && !inner.contains('/');
    }
    // A word alone on the rest of its line is a value, a word before others is the beginning of a sentence.
    looks_random(inner) || !after.starts_with(' ')
}

/// Whether a text is more than words: it has a digit, or capitals inside, or signs that words have not.
fn looks_random(text: &str) -> bool {
    let inner_capital = text.chars().zip(text.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
    inner_capital || text.chars().any(|c| c.is_ascii_digit() || "!@#$%^&*+=~".contains(c))
}

/// Whether it stands for a value that is not there: `***`, `%s`, `{password}`, `${DB_PASSWORD}`, `<hidden>`, `[redacted]`.
fn is_placeholder(text: &str) -> bool {
    let shell =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    text.bytes().all(|byte| byte == b'*' || byte == b'x' || byte == b'.')
        || text == "%s"
        || text.starts_with("%(")
        || text.starts_with(['{', '<', '[', '('])
        || text.strip_prefix('$').is_some_and(|name| shell(name.trim_start_matches('{').trim_end_matches('}')) || name.starts_with("{{"))
}

/// Words that stand behind such a name in healthy prose and in messages about a secret that is wrong or missing.
fn is_common_word(text: &str) -> bool {
    const WORDS: [&str; 50] = [
        "none",
        "null",
        "nil",
        "true",
        "false",
        "yes",
        "no",
        "not",
        "unset",
        "empty",
        "missing",
        "required",
        "optional",
        "invalid",
        "expired",
        "revoked",
        "denied",
        "wrong",
        "incorrect",
        "failed",
        "failure",
        "error",
        "unauthorized",
        "unknown",
        "unexpected",
        "undefined",
        "is",
        "was",
        "are",
        "has",
        "must",
        "cannot",
        "could",
        "the",
        "and",
        "or",
        "for",
        "from",
        "ok",
        "valid",
        "hidden",
        "redacted",
        "masked",
        "str",
        "string",
        "bearer",
        "basic",
        "requires",
        "authentication",
        "access",
    ];
    let word = text.trim_end_matches(['.', ':', '!', '?']);
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Whether a bare value is an expression of source code: a call, a subscript, an attribute, or a variable named like the key.
fn is_code(name: &str, value: &str) -> bool {
    let identifier = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'.');
    let head = value.split(['(', '[']).next().unwrap_or_default();
    let call = head.len() < value.len();
    let lower = name.to_ascii_lowercase();
    let word = lower.rsplit(['_', '-', '.']).next().unwrap_or_default();
    let named_alike = value == lower || value == word || value.strip_suffix(word).is_some_and(|rest| rest.ends_with(['_', '.']));
    (call && !head.is_empty() && head.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'))
        || (identifier(value) && (value.contains('.') || named_alike))
}

#[cfg(test)]
#[path = "mask_tests.rs"]
mod tests;
