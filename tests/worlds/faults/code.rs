//! Faults of what is run: a bug in one task, a deployment that lacks something.

use super::super::looks::Look;
use super::super::play::Row;
use super::super::rng::Rng;
use super::{Fault, Kind, Scene, Strike};

/// Tries of some tasks from an instant on, in a world where all goes well.
fn hits(scene: &Scene<'_>, fault: &Fault) -> f64 {
    scene.quiet.rows.iter().filter(|row| row.start >= fault.from && fault.tasks.contains(&(row.dag, row.task))).count() as f64
}

pub(super) fn place_bug(scene: &Scene<'_>, rng: &mut Rng) -> Option<Fault> {
    scene.best(rng, |rng| {
        let row = rng.pick(&scene.quiet.rows);
        // It has always been there, or came with a change.
        let from = if rng.chance(0.3) { 0.0 } else { row.start - 1.0 };
        let look = *rng.pick(&[Look::KeyError, Look::TypeError, Look::AttributeError, Look::Custom]);
        let new = Fault::new(Kind::DagBug, &["user-code-error"], scene.strength);
        let fault = Fault { from, to: f64::INFINITY, tasks: vec![(row.dag, row.task)], look, capacity: rng.unit(), ..new };
        let hits = hits(scene, &fault);
        Some((fault, hits))
    })
}

pub(super) fn place_deploy(scene: &Scene<'_>, rng: &mut Rng) -> Option<Fault> {
    scene.best(rng, |rng| {
        let row = rng.pick(&scene.quiet.rows);
        let from = row.start - 1.0;
        let mut dags: Vec<usize> = (0..scene.world.dags.len()).collect();
        rng.shuffle(&mut dags);
        dags.truncate(2 + rng.below(4));
        let mut tasks = Vec::new();
        for dag in dags {
            let count = scene.world.dags[dag].tasks.len();
            let first = rng.below(count);
            tasks.extend((first..count.min(first + 1 + rng.below(3))).map(|task| (dag, task)));
        }
        let (look, accepted): (_, &'static [&'static str]) = *rng.pick(&[
            (Look::NoModule, &["missing-dependency", "dag-import"] as &[_]),
            (Look::NoName, &["dependency-conflict", "missing-dependency"]),
            (Look::NoAttribute, &["dependency-conflict", "missing-dependency", "user-code-error"]),
        ]);
        let fault = Fault { from, to: f64::INFINITY, tasks, look, ..Fault::new(Kind::BadDeploy, accepted, scene.strength) };
        let hits = hits(scene, &fault);
        let struck =
            |dag: usize| scene.quiet.rows.iter().any(|row| row.dag == dag && row.start >= from && fault.tasks.contains(&(dag, row.task)));
        let several =
            fault.tasks.iter().map(|(dag, _)| *dag).filter(|dag| struck(*dag)).collect::<std::collections::BTreeSet<_>>().len() >= 2;
        several.then_some((fault, hits))
    })
}

/// The same exception on every try: at once where something cannot be imported, at the same part of the work where a line is wrong.
pub(super) fn strike(fault: &Fault, row: &Row, rng: &mut Rng) -> Option<Strike> {
    if row.start < fault.from || !fault.tasks.contains(&(row.dag, row.task)) {
        return None;
    }
    let after = match fault.kind {
        Kind::DagBug => (row.end - row.start) * (0.1 + 0.8 * fault.capacity),
        _ => rng.between(0.1, 1.0).min((row.end - row.start) * 0.5),
    };
    Some(Strike { look: fault.look, at: row.start + after, peer: None })
}
