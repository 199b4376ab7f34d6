//! A host runs out of memory: processes are killed, and what they served is gone for their neighbours.

use super::super::looks::Look;
use super::super::play::Row;
use super::super::rng::Rng;
use super::super::world::World;
use super::{Fault, Kind, Scene, Strike};

/// The port at which a killed process served the other tasks of its run.
const PORT: u16 = 9400;

pub(super) fn place(scene: &Scene<'_>, rng: &mut Rng) -> Option<Fault> {
    scene.best(rng, |rng| {
        let victim = match scene.around {
            None => rng.pick(&scene.quiet.rows),
            Some((from, to)) => {
                let rows: Vec<&Row> = scene.quiet.rows.iter().filter(|row| row.start >= from && row.start < to).collect();
                if rows.is_empty() {
                    return None;
                }
                *rng.pick(&rows)
            }
        };
        let from = rng.between(victim.start + 1.0, victim.end);
        let served = rng.chance(0.6).then_some((victim.run, victim.task));
        let fault = Fault {
            from,
            to: from + rng.between(5.0, 60.0),
            host: Some(victim.host),
            tasks: vec![(victim.dag, victim.task)],
            served,
            ..Fault::new(Kind::MemoryKill, &["worker-oom", "host-lost"], scene.strength)
        };
        let on_host = scene.quiet.rows.iter().filter(|row| is_victim(&fault, row)).count() as f64;
        let peers = scene.quiet.rows.iter().filter(|row| is_peer(&fault, row)).count() as f64;
        Some((fault, on_host + peers * 0.8))
    })
}

/// Whether it ran on the host when memory ran out.
fn is_victim(fault: &Fault, row: &Row) -> bool {
    fault.host == Some(row.host) && row.start < fault.from && row.end > fault.from
}

/// Whether it ran in the same run as the process that served it.
fn is_peer(fault: &Fault, row: &Row) -> bool {
    let same = fault.served.is_some_and(|(run, task)| row.run == run && fault.tasks.contains(&(row.dag, task)) && row.task != task);
    same && row.start < fault.to && row.end > fault.from + 1.0
}

pub(super) fn kill(fault: &Fault, row: &Row, world: &World, rng: &mut Rng) -> Option<Strike> {
    let first = fault.tasks.contains(&(row.dag, row.task)) && fault.served.is_none_or(|(run, _)| run == row.run);
    if is_victim(fault, row) && (first || rng.chance(fault.share)) {
        // The kernel takes the largest first, then others within the minute.
        let at = if first { fault.from } else { rng.between(fault.from, fault.to) };
        let look = if rng.chance(0.8) { Look::Killed } else { Look::Stopped };
        return Some(Strike { look, at, peer: None });
    }
    if !is_peer(fault, row) || !rng.chance(0.8) {
        return None;
    }
    let peer = Some(format!("{}:{PORT}", world.hosts[fault.host?].name));
    if row.start < fault.from {
        let look = if rng.chance(0.6) { Look::Reset } else { Look::Closed };
        return Some(Strike { look, at: fault.from + rng.between(0.05, 4.0), peer });
    }
    Some(Strike { look: Look::Refused, at: row.start + rng.between(0.3, 2.0), peer })
}
