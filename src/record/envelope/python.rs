//! What Python prints of a list of pairs of strings: Airflow 2's REST API gives a log as the text of `[('host', 'lines'), ..]`.

/// The second string of each pair; `None` where the text is no such list.
pub(super) fn second_of_pairs(text: &str) -> Option<Vec<String>> {
    let mut rest = text.trim().strip_prefix('[')?.trim_start();
    let mut found = Vec::new();
    while let Some(pair) = rest.strip_prefix('(') {
        let (_, after) = string(pair.trim_start())?;
        let (second, after) = string(after.trim_start().strip_prefix(',')?.trim_start())?;
        found.push(second);
        rest = after.trim_start().strip_prefix(')')?.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    (rest.starts_with(']') && !found.is_empty()).then_some(found)
}

/// A Python string literal at the start of `text`, and what stands behind it.
fn string(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut value = String::with_capacity(text.len());
    let mut chars = text[1..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((value, &text[1 + at + c.len_utf8()..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                form @ ('x' | 'u' | 'U') => {
                    let digits = match form {
                        'x' => 2,
                        'u' => 4,
                        _ => 8,
                    };
                    let mut code = 0u32;
                    for _ in 0..digits {
                        code = code.checked_mul(16)?.checked_add(chars.next()?.1.to_digit(16)?)?;
                    }
                    value.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                other => value.push(other),
            },
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_each_pair_is_read() {
        let text = r#"[('worker-a', "it's\n[x] \\ \x1b\u2713"), ('', 'two\'s')]"#;
        assert_eq!(second_of_pairs(text), Some(vec!["it's\n[x] \\ \u{1b}\u{2713}".to_owned(), "two's".to_owned()]));
        for text in ["plain text", "[]", "[('a', 'b'", "[('a' 'b')]", r"[('a', '\x4')]", "[1, 2]"] {
            assert_eq!(second_of_pairs(text), None, "{text}");
        }
    }
}
