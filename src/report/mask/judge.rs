//! What looks like a secret and is none: placeholders, pieces of code, words of a sentence, ports, paths. In doubt it is one; a diagnosis
//! never needs a secret.

use regex::Captures;

/// Texts are shortened to no less than this before they come here: one that is shorter ends where it ended in the log. In bytes.
const CUT_BYTES_MIN: usize = 240;

/// A group's text.
pub(super) fn group<'t>(found: &Captures<'t>, name: &str) -> &'t str {
    found.name(name).map_or("", |group| group.as_str())
}

/// What a quoted value opens with: the `b` of bytes, and the quote with the backslashes before it; nothing for a bare value.
pub(super) fn opening(value: &str) -> (&str, &str) {
    let behind = value.strip_prefix('b').unwrap_or(value);
    let quotes = behind.trim_start_matches('\\');
    if !quotes.starts_with(['"', '\'']) {
        return ("", "");
    }
    let (before, rest) = value.split_at(value.len() - behind.len());
    (before, rest.get(..behind.len() - quotes.len() + 1).unwrap_or_default())
}

/// A value without what it is quoted by.
fn inner(value: &str) -> &str {
    let (before, quote) = opening(value);
    value.get(before.len() + quote.len()..).unwrap_or_default().trim_end_matches(['"', '\'', '\\'])
}

pub(super) fn always(_: &Captures<'_>, _: &str, _: usize) -> bool {
    true
}

/// For values without a telling form: words of a sentence are left.
pub(super) fn random(found: &Captures<'_>, _: &str, _: usize) -> bool {
    let value = group(found, "v");
    looks_random(value) && !is_placeholder(value)
}

/// For a header that is nothing but a secret: not the scheme of one that was masked.
pub(super) fn header_key(found: &Captures<'_>, text: &str, end: usize) -> bool {
    random(found, text, end) && !text.get(end..).unwrap_or_default().starts_with(" ***")
}

/// For base64 of a line: a hash in hexadecimal has no capitals beside small letters.
pub(super) fn mixed(found: &Captures<'_>, _: &str, _: usize) -> bool {
    let value = group(found, "v");
    let has = |test: fn(&u8) -> bool| value.as_bytes().iter().any(test);
    has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(|byte| byte.is_ascii_digit() || b"+/".contains(byte))
}

/// For anything but a placeholder.
pub(super) fn value(found: &Captures<'_>, _: &str, _: usize) -> bool {
    !is_placeholder(group(found, "v").trim())
}

/// For what stands before an address: the tag of an image stands before its digest.
pub(super) fn bare(found: &Captures<'_>, text: &str, end: usize) -> bool {
    value(found, text, end) && !group(found, "t").starts_with("@sha")
}

/// For a password in a URL: a port is none, and what the text ends in is one only where the text was cut.
pub(super) fn url_password(found: &Captures<'_>, text: &str, _: usize) -> bool {
    let (value, end) = (group(found, "v"), group(found, "t"));
    let port = value.split(['/', '?', '#', ',', ':']).next().unwrap_or_default();
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit());
    match end {
        // `redis://:12345@host` has a password of digits; `http://host:8080/a@b` has none.
        "@" => {
            let is_path = (is_port && port.len() < value.len()) || (value.contains('/') && is_placeholder(port));
            !is_path && !is_placeholder(value)
        }
        _ => !is_port && !is_placeholder(value) && (end == "…" || text.len() >= CUT_BYTES_MIN),
    }
}

/// For the value of an `Authorization` header with its scheme: anything but a word.
pub(super) fn header(found: &Captures<'_>, _: &str, _: usize) -> bool {
    let (scheme, value) = (group(found, "scheme"), group(found, "v"));
    // Any word may be a scheme, and any two words may stand there; these are followed by nothing else.
    let is_known = ["bearer", "basic", "token", "negotiate", "ntlm", "apikey"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    // `Bearer $TOKEN` in a command names a secret without being one.
    !is_placeholder(value) && (looks_random(value) || (is_known && value.len() >= 8))
}

/// For what follows "Basic": base64 has a length divisible by four.
pub(super) fn base64(found: &Captures<'_>, _: &str, _: usize) -> bool {
    let value = group(found, "v");
    value.len().is_multiple_of(4) && looks_random(value)
}

/// For cookies: each has a name and a value.
pub(super) fn cookie(found: &Captures<'_>, _: &str, _: usize) -> bool {
    let value = group(found, "v");
    value.contains('=') && !is_placeholder(inner(value))
}

/// For the parameters of a signed URL: a `code` is a secret only where it is a long one.
pub(super) fn signature(found: &Captures<'_>, _: &str, _: usize) -> bool {
    let (announced, value) = (group(found, "k").to_ascii_lowercase(), group(found, "v"));
    !is_placeholder(value) && (!announced.ends_with("code=") || (value.len() >= 32 && looks_random(value)))
}

/// For arguments of a command line: `--token is required` and `-u 1000:1000` are no secrets.
pub(super) fn argument(found: &Captures<'_>, _: &str, _: usize) -> bool {
    let (announced, value) = (group(found, "k"), group(found, "v"));
    let numeric_user = announced.contains("-u") && value.bytes().all(|byte| byte.is_ascii_digit());
    // `mysql -proot` gives a password, `-port` and `--protocol` do not.
    let other_option = announced.ends_with("-p") && ["ort", "rotocol", "lugin", "rint"].iter().any(|rest| value.starts_with(rest));
    !(numeric_user || other_option || value.starts_with('-') || is_placeholder(value) || is_common_word(value))
}

/// For a value whose name stands beside it, in quotes or not.
pub(super) fn quoted(found: &Captures<'_>, _: &str, _: usize) -> bool {
    let value = group(found, "v");
    let inner = inner(value);
    let is_word = is_common_word(inner) && value == inner;
    !inner.is_empty() && !is_word && !is_placeholder(inner)
}

/// For `name=value` and `name: value`.
pub(super) fn named(found: &Captures<'_>, text: &str, end: usize) -> bool {
    let (name, sep, value) = (group(found, "name"), group(found, "sep"), group(found, "v"));
    let quoted = !opening(value).1.is_empty();
    let inner = inner(value);
    if inner.is_empty() || is_placeholder(inner) || (is_common_word(inner) && !quoted) {
        return false;
    }
    let lower = name.to_ascii_lowercase();
    // The name of a secret in a store is told everywhere; the id that Vault gives with a role is a secret.
    if lower.ends_with("secret_id") || lower.ends_with("secretid") {
        return is_uuid(inner);
    }
    // The parameters of a shared URL: its signature is one of them.
    if lower.ends_with("signature") && ["sv=", "sr=", "ss=", "?"].iter().any(|parameter| inner.starts_with(parameter)) {
        return false;
    }
    // How many, not which.
    if (lower.ends_with("token") || lower == "pass") && inner.len() < 8 && inner.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    if is_key_file(&lower, inner) {
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
    // Only where it is assigned is it one: "pass: 12 of 14".
    if lower == "pass" {
        return false;
    }
    // Prose: "unexpected token: FROM at line 3", "secret: projects/a/secrets/b".
    let parsed = lower == "token" || lower == "signature" || lower.starts_with("credential");
    if inner.contains('/') {
        return lower.ends_with("key") && inner.len() >= 12 && looks_random(inner) && !is_path(inner);
    }
    if parsed {
        return inner.len() >= 12 && looks_random(inner);
    }
    // A word alone on the rest of its line is a value, a word before others is the beginning of a sentence.
    let names_one = ["password", "secret", "token", "signature"].contains(&inner);
    looks_random(inner) || (!names_one && !text.get(end..).unwrap_or_default().starts_with(' '))
}

/// Whether a text is more than words: it has a digit, or capitals inside, or signs that words have not.
pub(super) fn looks_random(text: &str) -> bool {
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

/// Whether it is a universally unique id, as they are mostly written.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| if [8, 13, 18, 23].contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

/// Whether a name of credentials or of a key is followed by the file that holds them, which a diagnosis needs.
fn is_key_file(name: &str, value: &str) -> bool {
    let names_file = name.contains("credential") || name.ends_with("key") || name.ends_with("secret") || name.ends_with("token");
    let known = [".json", ".pem", ".key", ".p8", ".p12", ".pfx", ".crt", ".txt", ".jks", ".yaml", ".yml", ".ppk", ".asc", ".gpg"];
    names_file
        && is_path(value)
        && (name.contains("credential")
            || known.iter().any(|ending| value.ends_with(ending))
            || value.starts_with("/var/run/")
            || value.starts_with("/run/secrets/"))
}

/// Whether it is a path: from the root or from here, and without the signs of base64.
fn is_path(text: &str) -> bool {
    text.contains('/')
        && !text.contains(['+', '='])
        && (text.starts_with(['/', '~', '.']) || text.split('/').filter(|part| part.len() > 2).count() > 2)
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
