//! Numbers, sizes, shares and long lists, as people write them.

/// The first characters of a text, with a mark where something was cut off.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((cut, _)) => format!("{} ..", text.get(..cut).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

/// `a, b and 12 more`.
pub(super) fn abridged(values: &[String], most: usize) -> String {
    // "and 1 more" is as long as the value itself.
    let most = if values.len() == most + 1 { most + 1 } else { most };
    let shown: Vec<&str> = values.iter().take(most).map(String::as_str).collect();
    match values.len().saturating_sub(most) {
        0 => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), number(more as u64)),
    }
}

/// Rising numbers, those of a run by its ends: `1`, `3-5`.
pub(super) fn ranges(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let shown = |(first, last): (usize, usize)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    runs.into_iter().map(shown).collect()
}

/// `1 attempt`, `14 attempts`.
pub(super) fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", number(n)) }
}

/// `18,402`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `512 bytes`, `1.2 MB`: powers of ten, as `ls --si` and disks count.
pub(crate) fn bytes(n: u64) -> String {
    let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    match units.iter().find(|(size, _)| n >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", n as f64 / *size as f64),
        None => count(n, "byte"),
    }
}

/// `78%`; never a rounded 0 or 100, for nothing here is certain.
pub(super) fn percent(probability: f64) -> String {
    let percent = (probability * 100.0).round();
    if percent < 1.0 {
        "under 1%".to_owned()
    } else if percent > 99.0 {
        "over 99%".to_owned()
    } else {
        format!("{percent}%")
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn runs_of_numbers_are_told_by_their_ends() {
        assert_eq!(super::ranges([1, 3, 4, 5, 7, 8]), ["1", "3-5", "7-8"]);
        assert!(super::ranges([]).is_empty());
    }

    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([1, 999, 1000, 1_250_000].map(bytes), ["1 byte", "999 bytes", "1.0 kB", "1.2 MB"]);
        assert_eq!([0.0, 0.004, 0.006, 0.784, 0.994, 1.0].map(percent), ["under 1%", "under 1%", "1%", "78%", "99%", "over 99%"]);
        assert_eq!([0, 1, 2].map(|n| count(n, "log")), ["0 logs", "1 log", "2 logs"]);
    }

    #[test]
    fn a_list_is_cut_only_where_that_saves_something() {
        let values: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
        assert_eq!(abridged(&values, 2), "a, b and 2 more");
        assert_eq!(abridged(&values, 3), "a, b, c, d");
        assert_eq!(abridged(&[], 3), "");
    }
}
