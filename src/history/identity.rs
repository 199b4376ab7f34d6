//! What is the same over the nights: attempts, tasks, and incidents by their fingerprints.
//!
//! Attempts and tasks are known by hashes of what they are in truth: which texts are masked may change from one night to the next, and would make all
//! that is known new.

use crate::attempt::AttemptRef;

/// The fingerprint of an incident: its id without the number of a second one that looks the same in one report. Which of them is the second changes
/// when old logs are removed.
pub(super) fn fingerprint(id: &str) -> &str {
    id.split_once('-').map_or(id, |(fingerprint, _)| fingerprint)
}

/// The key of an attempt. `path` is where its log stands.
pub(super) fn attempt(attempt: AttemptRef<'_>, path: &str) -> String {
    let (map_index, number) = (attempt.map_index().map(|index| index.to_string()), attempt.try_number().map(|number| number.to_string()));
    if let (Some(dag), Some(run), Some(task), Some(number)) = (attempt.dag_id(), attempt.run_id(), attempt.task_id(), &number) {
        return hash(&[dag, run, task, map_index.as_deref().unwrap_or_default(), number]);
    }
    // The log of a scheduler grows from night to night: what fails in it at another time is another failure.
    let failure = attempt.failure();
    let at = failure.and_then(|failure| failure.time).or(attempt.started());
    let at = at.map(|at| at.to_string()).or_else(|| failure.map(|failure| failure.line.to_string()));
    hash(&[
        "",
        unrotated(path),
        attempt.dag_id().unwrap_or_default(),
        attempt.task_id().unwrap_or_default(),
        at.as_deref().unwrap_or_default(),
    ])
}

/// A path without what logrotate adds: `.1`, `-20261122`, and the ending of a compressed file.
fn unrotated(path: &str) -> &str {
    let packed = ["gz", "zst", "xz", "bz2", "lz4"].iter().find_map(|ending| path.strip_suffix(ending)?.strip_suffix('.'));
    let path = packed.unwrap_or(path);
    let stem = path.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() == path.len() { path } else { stem.strip_suffix(['.', '-']).unwrap_or(path) }
}

/// The key of a task with its map index, the same in all runs of its DAG.
pub(super) fn task(attempt: AttemptRef<'_>) -> Option<String> {
    let map_index = attempt.map_index().map(|index| index.to_string());
    Some(hash(&[attempt.dag_id()?, attempt.task_id()?, map_index.as_deref().unwrap_or_default()]))
}

/// FNV-1a, 128 bit: short, stable, and nothing depends on its strength. Each part ends with a byte that no text holds.
fn hash(parts: &[&str]) -> String {
    format!("{:032x}", number(parts))
}

/// See [`hash`].
pub(super) fn number(parts: &[&str]) -> u128 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_has_no_number() {
        assert_eq!(fingerprint("0123456789abcdef-12"), "0123456789abcdef");
        assert_eq!(fingerprint("0123456789abcdef"), "0123456789abcdef");
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_eq!(hash(&[]), "6c62272e07bb014262b821756295c58d");
    }
}
