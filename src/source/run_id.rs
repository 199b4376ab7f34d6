//! Run ids as Airflow writes them, whatever became of them in the name of a file or a log stream; and the date in them.
//!
//! File systems, browsers, CloudWatch and object stores take other characters for `:` and `+`. One attempt must have one run id
//! whichever way its log came, so a date-time is written back as Airflow has it. A run id that a person chose is left alone.

use crate::time::{Timestamp, Zone, parse_prefix};

/// The run ids that Airflow makes itself begin with one of these; a run id that a person chose cannot be told from a task's
/// name in the flat names that use `_` for everything.
pub(super) const RUN_TYPES: [&str; 5] = ["manual__", "scheduled__", "backfill__", "asset_triggered__", "dataset_triggered__"];

/// Where the two `:` stand in `2026-11-21T07:12:24`.
const COLONS: [usize; 2] = [13, 16];

/// The run id in Airflow's own form, where the text is a date-time, bare or behind a run type: `_` and `-` for `:`, a space for
/// `+`, and the bare date without any of them (`ts_nodash`) are undone. Any other text is given back as it is.
#[must_use]
pub fn own_run_id(text: &str) -> String {
    let (run_type, rest) = split(text);
    if let Some(date) = compact(rest).filter(|_| run_type.is_empty()) {
        return date;
    }
    let Some(length) = date_length(rest) else { return text.to_owned() };
    let (date, tail) = rest.split_at(length);
    // What follows a bare date makes it something else; behind a run type Airflow 3.0 puts random letters.
    let whole = if run_type.is_empty() { tail.is_empty() } else { tail.is_empty() || tail.starts_with('_') };
    if !whole || !date.contains('-') {
        return text.to_owned();
    }
    let zone = date.len() - zone_length(date);
    let own = date.char_indices().map(|(at, c)| match c {
        '_' | '-' if COLONS.contains(&at) || at == zone + 3 => ':',
        ' ' if at == zone => '+',
        c => c,
    });
    format!("{run_type}{}{tail}", own.collect::<String>())
}

/// The instant in a run id: the logical date of a scheduled run, for which older layouts and exports have only that. A date
/// without a zone is UTC, as Airflow writes it.
#[must_use]
pub fn run_date(run_id: &str) -> Option<Timestamp> {
    let own = own_run_id(run_id);
    let (_, date) = split(&own);
    parse_prefix(date.as_bytes(), &Zone::default()).map(|(at, _)| at)
}

/// Whether a run is known by its date alone, as the layouts before 2.3 have it.
#[must_use]
pub fn is_bare_date(run_id: &str) -> bool {
    let own = own_run_id(run_id);
    parse_prefix(own.as_bytes(), &Zone::default()).is_some_and(|(_, taken)| taken == own.len())
}

fn split(text: &str) -> (&str, &str) {
    let known = RUN_TYPES.iter().find(|run_type| text.starts_with(*run_type));
    text.split_at(known.map_or(0, |run_type| run_type.len()))
}

/// `20190528T100000` and `20190528T100000+0000` as a date-time: Airflow's `ts_nodash`, in UTC.
fn compact(text: &str) -> Option<String> {
    let rest = text.get(15..)?;
    let is_date = follows(text, "00000000T000000", 0) && (rest.is_empty() || matches!(rest, "+0000" | " 0000" | "Z"));
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    is_date.then(|| format!("{}-{}-{}T{}:{}:{}+00:00", part(0, 4), part(4, 6), part(6, 8), part(9, 11), part(11, 13), part(13, 15)))
}

/// How many bytes at the start are a date with a time: `2026-11-21T07:12:24.789362+00:00`, with `_` or `-` for `:` where a
/// file system or browser did not allow it, or its bare form `20261121T071224`.
pub(super) fn date_length(text: &str) -> Option<usize> {
    let mut at = ["0000-00-00T00:00:00", "00000000T000000"].iter().find(|form| follows(text, form, 0))?.len();
    if follows(text, ".0", at) {
        at += 1 + text.bytes().skip(at + 1).take_while(u8::is_ascii_digit).count();
    }
    let zone = ["+00:00", "+0000", "Z"].iter().find(|form| follows(text, form, at)).map_or(0, |form| form.len());
    Some(at + zone)
}

/// How many bytes at the end of a date-time are its zone.
fn zone_length(date: &str) -> usize {
    let time = date.find('T').map_or(date.len(), |at| at + "T00:00:00".len());
    let zone = date.get(time..).and_then(|rest| rest.find(['+', '-', ' ', 'Z'])).map(|at| time + at);
    zone.map_or(0, |at| date.len() - at)
}

/// Whether a form follows at a place: `0` stands for a digit, `:` and `+` for what is written in their place too.
fn follows(text: &str, form: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    form.bytes().enumerate().all(|(i, want)| {
        bytes.get(at + i).is_some_and(|byte| match want {
            b'0' => byte.is_ascii_digit(),
            b':' => matches!(byte, b':' | b'_' | b'-'),
            b'+' => matches!(byte, b'+' | b'-' | b' '),
            other => *byte == other,
        })
    })
}

/// Airflow 3.0 adds `_` and eight random letters and digits to a manual run's id. A task's name may look the same, so an
/// upper-case letter is asked for: task ids seldom have one, and 99 of 100 such suffixes do.
pub(super) fn random_suffix_length(text: &str) -> usize {
    let Some(rest) = text.strip_prefix('_') else { return 0 };
    let word = rest.split('_').next().unwrap_or_default();
    let random =
        word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) && word.bytes().any(|byte| byte.is_ascii_uppercase());
    if random { 9 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_back_as_airflow_has_it() {
        for (text, want) in [
            ("manual__2024-05-01T00_00_00+00_00", "manual__2024-05-01T00:00:00+00:00"),
            ("manual__2024-05-01T00-00-00.123456+00-00", "manual__2024-05-01T00:00:00.123456+00:00"),
            ("scheduled__2024-05-01T00:00:00 00:00", "scheduled__2024-05-01T00:00:00+00:00"),
            ("backfill__2024-05-01T02_00_00-05_30", "backfill__2024-05-01T02:00:00-05:30"),
            ("asset_triggered__2024-05-01T00_00_00.5+00_00_EnUkws1i", "asset_triggered__2024-05-01T00:00:00.5+00:00_EnUkws1i"),
            ("2024-05-01T00_00_00+00_00", "2024-05-01T00:00:00+00:00"),
            ("2024-05-01T00_00_00", "2024-05-01T00:00:00"),
            ("20190528T100000", "2019-05-28T10:00:00+00:00"),
            ("20190528T100000+0000", "2019-05-28T10:00:00+00:00"),
        ] {
            assert_eq!(own_run_id(text), want, "{text}");
            assert_eq!(own_run_id(want), want, "it stays: {want}");
        }
    }

    #[test]
    fn what_a_person_chose_is_left_alone() {
        for text in [
            "",
            "wow!",
            "my_run_2024-05-01T00_00_00+00_00",
            "manual__",
            "manual__tuesday_00_00",
            "manual__2024-05-01",
            "manual__2024-05-01T00_00_00+00_00x",
            "2024-05-01T00_00_00+00_00_again",
            "2024-05-01",
            "manual__20240501T000000",
            "manual__2024-05-01T00_00_0é",
        ] {
            assert_eq!(own_run_id(text), text);
        }
    }

    #[test]
    fn the_date_of_a_run() {
        let noon = run_date("2024-05-01T12:00:00+00:00");
        assert!(noon.is_some() && noon == run_date("manual__2024-05-01T14_00_00+02_00_EnUkws1i") && noon == run_date("20240501T120000"));
        assert_eq!(run_date("tuesday"), None);
        assert!(is_bare_date("2024-05-01T12_00_00+00_00") && !is_bare_date("manual__2024-05-01T12:00:00+00:00"));
    }
}
