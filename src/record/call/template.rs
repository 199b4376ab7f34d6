//! A small pattern language for the messages of libraries: literal text with named places. Smaller than a regular expression, and each
//! pattern reads like the message that it is for.

/// How far a `{..}` may reach, in bytes.
const SKIP_BYTES_MAX: usize = 200;

/// Where a template was found, and what stands in its places.
#[derive(Debug)]
pub(super) struct Found<'t> {
    /// The byte at which it begins.
    pub(super) at: usize,
    /// The byte behind it.
    pub(super) end: usize,
    places: Vec<(&'static str, &'t str)>,
}

impl<'t> Found<'t> {
    /// What stands in a place.
    pub(super) fn get(&self, name: &str) -> Option<&'t str> {
        self.places.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }
}

/// The first occurrence of a template in a text. Places: `{addr}` a host with or without a port, `{pair}` a host with one, `{host}` a host, `{port}`,
/// `{int}` and `{more}` whole numbers, `{num}` a number, `{clock}` such as `0:01:30.5`, `{..}` as little as possible. A template begins with plain text.
pub(super) fn find<'t>(text: &'t str, template: &'static str) -> Option<Found<'t>> {
    let first = &template[..template.find('{').unwrap_or(template.len())];
    debug_assert!(!first.is_empty(), "a template begins with plain text: {template}");
    memchr::memmem::find_iter(text.as_bytes(), first).find_map(|at| match_at(text, at, template))
}

/// The same, where the template begins at the byte `at`.
pub(super) fn match_at<'t>(text: &'t str, at: usize, template: &'static str) -> Option<Found<'t>> {
    let mut found = Found { at, end: at, places: Vec::new() };
    let mut left = template;
    while !left.is_empty() {
        let rest = text.get(found.end..)?;
        if let Some((name, behind)) = left.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
            let next = &behind[..behind.find('{').unwrap_or(behind.len())];
            let length = if name == ".." { skip(rest, next)? } else { run(rest, name, next) };
            if name != ".." {
                found.places.push((name, rest.get(..length).filter(|place| !place.is_empty())?));
            }
            found.end += length;
            left = behind;
        } else {
            let literal = &left[..left.find('{').unwrap_or(left.len())];
            if !rest.starts_with(literal) {
                return None;
            }
            found.end += literal.len();
            left = &left[literal.len()..];
        }
    }
    Some(found)
}

/// How many bytes to pass over until `next`.
fn skip(rest: &str, next: &str) -> Option<usize> {
    rest.find(next).filter(|length| *length <= SKIP_BYTES_MAX)
}

/// How many bytes belong to a place; what `next` needs is left to it.
fn run(rest: &str, name: &str, next: &str) -> usize {
    let belongs = |c: char| match name {
        "port" | "int" | "more" => c.is_ascii_digit(),
        "num" => c.is_ascii_digit() || c == '.',
        "clock" => c.is_ascii_digit() || c == '.' || c == ':',
        _ => c.is_ascii_alphanumeric() || "-._:[]".contains(c),
    };
    let mut length = rest.find(|c: char| !belongs(c)).unwrap_or(rest.len());
    // A full stop, a colon or a bracket behind a place ends the sentence or the bracket around it.
    while length > 0
        && rest.get(..length).is_some_and(|place| {
            let opened = place.bytes().filter(|byte| *byte == b'[').count();
            place.ends_with(['.', ':']) || (place.ends_with(']') && place.bytes().filter(|byte| *byte == b']').count() > opened)
        })
    {
        length -= 1;
    }
    if !next.is_empty()
        && let Some(place) = rest.get(..length)
        && !rest.get(length..).is_some_and(|behind| behind.starts_with(next))
        && let Some(at) = place.rfind(next)
    {
        return at;
    }
    length
}

/// A number, positive and finite.
pub(super) fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn places_are_found_between_plain_text() {
        let found =
            find("x: connection to server at \"db.lab\" (10.0.0.1), port 5432 failed: ..", "server at \"{host}\"{..}, port {port} failed")
                .unwrap();
        assert_eq!((found.get("host"), found.get("port"), found.at), (Some("db.lab"), Some("5432"), 17));
        let found = find("Error 111 connecting to cache.lab:6379. Connection refused.", "connecting to {addr}.").unwrap();
        assert_eq!(found.get("addr"), Some("cache.lab:6379"));
        let found = find("after 12.5 secs. Then", "after {num} secs").unwrap();
        assert_eq!(found.get("num").and_then(number), Some(12.5));
        assert_eq!(find("timeout of 3.0.", "timeout of {num}").unwrap().get("num"), Some("3.0"));
        let found = find("grpc at [ipv6:[::1]:50051]", "ipv6:{addr}").unwrap();
        assert_eq!(found.get("addr"), Some("[::1]:50051"));
    }

    #[test]
    fn what_does_not_fit_is_not_found() {
        assert!(find("after x secs", "after {num} secs").is_none());
        assert!(find("", "after {num}").is_none());
        assert!(find("after ", "after {num}").is_none());
        let far = format!("begin{}end", " ".repeat(SKIP_BYTES_MAX + 1));
        assert!(find(&far, "begin{..}end").is_none());
        // The second occurrence may fit where the first does not.
        assert_eq!(find("after all, after 3 s", "after {num} s").unwrap().get("num"), Some("3"));
    }
}
