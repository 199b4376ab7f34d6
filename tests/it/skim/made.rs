//! Logs for the oracle: made from a seed in every dialect and in none, and real ones with what can befall bytes on their way.

use crate::worlds::simulator::rng::Rng;

/// The forms of lines, those without a header last.
const FORMS: usize = 9;

/// Bytes that no log should have.
const ODD: [&[u8]; 11] = [
    b"\0\0\0\0",
    b"\xff\xfe\n",
    b"\r\n",
    b"\r",
    b"\x1b[31mred\x1b[0m\n",
    b"\xc3",
    b"\n\n\n",
    b"\x85 \xe2\x80\xa8\n",
    b"\n",
    b"{\"",
    b"\\ud800",
];

/// A record's line in one of the forms.
fn line(form: usize, at: u64, level: &str, text: &str) -> String {
    let (hour, minute, second, milli) = (at / 3_600_000 % 24, at / 60_000 % 60, at / 1000 % 60, at % 1000);
    let (day, time) = (1 + at / 86_400_000 % 28, format!("{hour:02}:{minute:02}:{second:02}"));
    let quoted = serde_json::to_string(text).unwrap();
    match form {
        0 => format!("[2026-11-{day:02}T{time}.{milli:03}+0000] {{job.py:{milli}}} {level} - {text}\n"),
        1 => format!("[2026-11-{day:02} {time},{milli:03}] {{job.py:7}} {level} - {text}\n"),
        2 => format!("[2026-11-{day:02} {time},{milli:03}: {level}/ForkPoolWorker-3] {text}\n"),
        3 => format!("2026-11-{day:02}T{time}.{milli:03}000Z [{:<9}] {text} [task]\n", level.to_ascii_lowercase()),
        4 => format!(
            "{{\"timestamp\":\"2026-11-{day:02}T{time}.{milli:03}000Z\",\"level\":\"{}\",\"event\":{quoted},\"logger\":\"task\"}}\n",
            level.to_ascii_lowercase()
        ),
        5 => format!(
            "{{\"timestamp\":\"2026-11-{day:02}T{time}Z\",\"level\":\"info\",\"event\":{quoted},\"logger\":\"task.stdout\",\"rows\":{milli}}}\n"
        ),
        6 => format!("[2026-11-{day:02} {time},{milli:03}] {{subprocess.py:93}} INFO - {text}\n"),
        7 => format!("{text}\n"),
        _ => format!("{milli} {second} {}\n", "0.25 17 ".repeat(1 + (at % 9) as usize)),
    }
}

/// What healthy tasks say: nothing of it is looked for but endpoints, or what resembles one of the texts that are.
fn healthy(rng: &mut Rng) -> String {
    let number = rng.below(100_000);
    match rng.below(16) {
        0 => format!("GET https://api-{}.example.com:8443/v1/items?page={number} 200", number % 7),
        1 => format!("connecting to postgres://db{}.example.com:5432/shop", number % 3),
        2 => format!("s3://bucket-{}/part-{number}.parquet written", number % 4),
        3 => "naïve rows: 数 ✓".to_owned(),
        4 => format!("path C:\\data\\{number} \"quoted\" and \ttabbed"),
        5 => "x".repeat(number % 600),
        6 => format!("Errors: {number}, Exceptions: 0, refused: 0, timed: 1"),
        7 => format!("{{\"rows\": {number}, \"ok\": true}}"),
        8 => "  indented, as of a table".to_owned(),
        9 => String::new(),
        _ => format!("row {number} of 100000 loaded in {} ms", number % 977),
    }
}

/// What tells something of an attempt or its failure.
fn telling(rng: &mut Rng) -> String {
    let known = [
        "Task failed with exception",
        "Marking task as FAILED. dag_id=shop, task_id=load, execution_date=20261121T080000, start_date=20261121T080000",
        "Marking task as SUCCESS. dag_id=shop, task_id=load, execution_date=20261121T080000",
        "Task exited with return code 1",
        "Starting attempt 1 of 3",
        "Retrying (Retry(total=2, connect=None)) after connection broken by 'NewConnectionError': /v1",
        "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='api.example.com', port=443): Max retries exceeded with url: /v1",
        "ConnectionRefusedError: [Errno 111] Connection refused",
        "psycopg2.OperationalError: FATAL:  remaining connection slots are reserved",
        "Received SIGTERM. Terminating subprocesses.",
        "State of this instance has been externally set to failed. Terminating instance.",
        "java.lang.OutOfMemoryError: Java heap space",
        "MemoryError",
        "Traceback (most recent call last):",
        "  File \"/opt/dags/shop.py\", line 12, in load",
        "    read(client)",
        "KeyError: 'id'",
        "During handling of the above exception, another exception occurred:",
        "Task instance in failure state",
        "Detected zombie job: {'full_filepath': '/dags/shop.py', 'msg': 'x'}",
        "Executor reports task instance <TaskInstance: shop.load r [queued]> finished (failed) although the task says it's queued.",
        "Running <TaskInstance: shop.load scheduled__2026-11-21T00:00:00+00:00 [running]> on host worker-1.example.com",
    ];
    (*rng.pick(&known)).to_owned()
}

/// A traceback, its lines joined.
fn traceback(rng: &mut Rng) -> String {
    let frames: String =
        (0..1 + rng.below(4)).map(|at| format!("  File \"/opt/dags/shop.py\", line {at}, in step_{at}\n    call()\n")).collect();
    let raised =
        *rng.pick(&["KeyError: 'id'", "ConnectionResetError: [Errno 104] Connection reset by peer", "TimeoutError", "ssl.SSLError: x"]);
    format!("Traceback (most recent call last):\n{frames}{raised}")
}

/// A log of roughly as many bytes.
pub(super) fn log(rng: &mut Rng, bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut at = 28_800_000;
    let mut form = rng.below(FORMS);
    // Some logs are of one form, in others they are mixed.
    let (mixed, trouble) = (*rng.pick(&[0.0, 0.01, 0.3]), *rng.pick(&[0.002, 0.02, 0.3]));
    while out.len() < bytes {
        at += rng.spread(1.0, 60_000.0) as u64;
        if rng.chance(0.01) {
            at -= at.min(rng.spread(1.0, 7_200_000.0) as u64).min(20_000_000);
        }
        if rng.chance(mixed) {
            form = rng.below(FORMS);
        }
        if !rng.chance(trouble) {
            let said = healthy(rng);
            out.extend_from_slice(line(form, at, "INFO", &said).as_bytes());
            continue;
        }
        match rng.below(12) {
            0..6 => {
                let said = telling(rng);
                let levels = ["INFO", "ERROR", "WARNING"];
                let level = rng.pick(&levels);
                out.extend_from_slice(line(form, at, level, &said).as_bytes());
            }
            6 | 7 => out.extend_from_slice(line(form, at, "ERROR", &format!("failed\n{}", traceback(rng))).as_bytes()),
            8 => traceback(rng).lines().for_each(|one| out.extend_from_slice(line(form, at, "INFO", one).as_bytes())),
            9 => out.extend_from_slice(format!("{}\n", traceback(rng)).as_bytes()),
            10 => {
                // Torn in the middle, with or without the end of its line.
                let whole = line(form, at, "INFO", &telling(rng));
                out.extend_from_slice(&whole.as_bytes()[..rng.below(whole.len())]);
                out.extend_from_slice(if rng.chance(0.5) { b"\n" } else { b"" });
            }
            _ => out.extend_from_slice(rng.pick::<&[u8]>(&ODD)),
        }
    }
    out
}

/// Places of its lines' begins.
fn begins(bytes: &[u8]) -> Vec<usize> {
    std::iter::once(0).chain(bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1)).collect()
}

/// Does to a log what may befall one: it is cut, torn, mixed with another, repeated, shuffled, rewritten; and buried in what says nothing, so
/// that there is something to leave out.
pub(super) fn befallen(rng: &mut Rng, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    for _ in 0..1 + rng.below(4) {
        let (from, to) = (rng.below(bytes.len()), rng.below(bytes.len()));
        let (from, to) = (from.min(to), from.max(to));
        match rng.below(14) {
            0 => bytes.truncate(to),
            1 => bytes = bytes.split_off(from),
            2 => drop(bytes.drain(from..to.min(from + 300))),
            3 => {
                let more = bytes[from..to].repeat(1 + rng.below(3));
                bytes.splice(to..to, more);
            }
            4 => {
                for _ in 0..1 + rng.below(9) {
                    let at = rng.below(bytes.len());
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= 1 << rng.below(8);
                    }
                }
            }
            5 => {
                let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                rng.shuffle(&mut lines);
                bytes = lines.concat();
            }
            6 => {
                // The lines of two logs in turn.
                let mut mixed = Vec::new();
                let mut others = other.split_inclusive(|byte| *byte == b'\n').cycle().take(4000);
                for line in bytes.split_inclusive(|byte| *byte == b'\n') {
                    mixed.extend_from_slice(line);
                    (0..rng.below(3)).for_each(|_| mixed.extend_from_slice(others.next().unwrap_or_default()));
                }
                bytes = mixed;
            }
            7 => {
                let part = other.get(rng.below(other.len())..).unwrap_or_default();
                bytes.splice(from..from, part.iter().copied().take(5000));
            }
            8 => {
                bytes =
                    bytes.iter().flat_map(|byte| if *byte == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(byte) }).copied().collect();
            }
            9 => {
                let odd = rng.pick::<&[u8]>(&ODD).repeat(1 + rng.below(3));
                bytes.splice(from..from, odd);
            }
            10 => bytes
                .splice(from..from, std::iter::repeat_n(*rng.pick(b"x \0[".as_slice()), rng.spread(10.0, 30_000.0) as usize))
                .for_each(drop),
            _ => {
                let begins = begins(&bytes);
                let at = *rng.pick(&begins);
                let length = rng.spread(300.0, 40_000.0) as usize;
                let mut quiet = Vec::new();
                let form = rng.below(FORMS);
                while quiet.len() < length {
                    let said = healthy(rng);
                    quiet.extend_from_slice(line(form, 28_800_000 + 100 * quiet.len() as u64, "INFO", &said).as_bytes());
                }
                bytes.splice(at..at, quiet);
            }
        }
    }
    bytes
}
