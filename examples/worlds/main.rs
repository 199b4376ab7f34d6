//! Examines the program on simulated worlds with known faults (`tests/worlds`) and prints how well it did.
//!
//! ```text
//! cargo run --release --example worlds                    the table of tests/worlds/RESULTS.md: 500 worlds a level of noise
//! cargo run --release --example worlds -- 60              with fewer worlds
//! cargo run --release --example worlds -- 60 --misses     and the most frequent wrong first causes, with a seed of each
//! cargo run --release --example worlds -- --seed 7 --fault dns --noise moderate --show      one world's diagnoses
//! cargo run --release --example worlds -- --scale 1000000 20000         seconds and memory of one large world
//! cargo run --release --example worlds -- --scale-incidents 200         and of many incidents at once
//! cargo run --release --example worlds -- --scale-shape one-incident 20000 1000000     and of a table of a hard shape (all: of each)
//! ```
#![expect(clippy::print_stdout, reason = "what it is for")]

mod scale;
mod show;
mod table;
#[path = "../../tests/worlds/mod.rs"]
mod worlds;

use worlds::faults::Kind;
use worlds::shapes::Shape;
use worlds::world::Noise;

/// How many worlds with a fault there are for each level of noise.
const WORLDS: usize = 500;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Err(error) = run(&arguments) {
        println!("error: {error}");
        std::process::exit(2);
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let has = |name: &str| arguments.iter().any(|argument| argument == name);
    let after = |name: &str, nth: usize| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + nth)).filter(|value| !value.starts_with("--"))
    };
    // To try rules without compiling them in.
    let folder: Vec<std::path::PathBuf> = after("--rules", 1).map(Into::into).into_iter().collect();
    let rules = dagnosis::rule::load(&folder, folder.is_empty()).map_err(|error| error.to_string())?;
    let number = |name: &str, nth: usize, usual: usize| match after(name, nth) {
        Some(value) => value.parse().map_err(|_| format!("{name} needs a number, not '{value}'")),
        None => Ok(usual),
    };
    if has("--scale") {
        scale::large(number("--scale", 1, 1_000_000)?, number("--scale", 2, 20_000)?, &rules);
        return Ok(());
    }
    if has("--scale-incidents") {
        scale::crowd(number("--scale-incidents", 1, 200)?, &rules);
        return Ok(());
    }
    if has("--scale-shape") {
        let (failures, attempts) = (number("--scale-shape", 2, 20_000)?, number("--scale-shape", 3, 1_000_000)?);
        let name = after("--scale-shape", 1).map_or("all", String::as_str);
        let all = Shape::ALL.into_iter().map(Shape::name).filter(|of| name == "all" || name == *of);
        let known: Vec<&str> = all.collect();
        return if known.is_empty() {
            scale::shape(name, failures, attempts, &rules)
        } else {
            known.into_iter().try_for_each(|name| scale::shape(name, failures, attempts, &rules))
        };
    }
    if has("--show") {
        let noise = match after("--noise", 1) {
            Some(name) => Noise::ALL.into_iter().find(|noise| noise.name() == name).ok_or("--noise is low, moderate or high")?,
            None => Noise::Moderate,
        };
        let kind = |flag: &str| match after(flag, 1).map(String::as_str) {
            None | Some("none") => Ok(None),
            Some(name) => {
                let names = Kind::ALL.map(Kind::name).join(", ");
                Kind::ALL.into_iter().find(|kind| kind.name() == name).map(Some).ok_or(format!("{flag} is none or one of {names}"))
            }
        };
        show::world(number("--seed", 1, 0)? as u64, kind("--fault")?, kind("--and")?, noise, &rules);
        return Ok(());
    }
    let worlds = match arguments.first().filter(|first| !first.starts_with("--")) {
        Some(first) => first.parse().map_err(|_| format!("'{first}' is no number of worlds"))?,
        None => WORLDS,
    };
    table::print(worlds, has("--misses"), &rules);
    Ok(())
}
