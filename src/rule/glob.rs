//! Patterns of names: `*` stands for any text, everything else for itself.

/// Whether a whole name is as the pattern says. Case counts.
#[must_use]
pub fn glob_matches(glob: &str, name: &str) -> bool {
    let mut parts = glob.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    // The earliest place for each part in the middle leaves the most for the others.
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (glob, name, expected) in [
            ("Http*", "HttpOperator", true),
            ("*Operator", "HttpOperator", true),
            ("*Http*", "SimpleHttpOperator", true),
            ("S*Http*r", "SimpleHttpOperator", true),
            ("*", "", true),
            ("Http", "HttpOperator", false),
            ("Http*", "SimpleHttpOperator", false),
            ("ab*ba", "aba", false),
            ("a*b*c", "acb", false),
        ] {
            assert_eq!(glob_matches(glob, name), expected, "{glob} {name}");
        }
    }
}
