//! Envelopes that are a prefix of each line: the container runtime's, `kubectl`'s, Docker Compose's, syslog's, those of `aws logs`.

use std::borrow::Cow;

use super::super::Dialects;
use super::super::header::{LineKind, line_kind};
use super::{Origin, Peeled};
use crate::source::Kind;
use crate::time::{Timestamp, parse_prefix};

/// The prefixes that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::record) enum Prefix {
    /// `2026-11-21T07:16:20.749123456Z stdout F `: what container runtimes write into `/var/log/pods`.
    Cri,
    /// `[pod/airflow-worker-0/worker] `: `kubectl logs --prefix`.
    Pod,
    /// `2026-11-21T07:16:20.749123456Z `: `kubectl logs --timestamps`, `docker logs --timestamps`; `2026-11-21T07:16:20.749Z ` before a
    /// record with a header of its own: CloudWatch's export to S3.
    Clock,
    /// `2026-11-21T07:16:20.749000+00:00 dag_id=D/.. `: `aws logs tail`.
    AwsTail,
    /// `2026-11-21T07:16:20Z {pod="airflow-worker-0"} `: Loki's `logcli`.
    Loki,
    /// `airflow-worker-1  | `: Docker Compose, and `airflow standalone`; with `@node`, Docker Swarm.
    Compose,
    /// `Nov 21 07:16:20 host airflow[123]: `, `2026-11-21T07:16:20+0000 host kernel: `: syslog and `journalctl`.
    Syslog,
}

/// All of them, the more particular before those that they could be taken for.
pub(super) const PREFIXES: [Prefix; 7] =
    [Prefix::Cri, Prefix::Pod, Prefix::AwsTail, Prefix::Loki, Prefix::Clock, Prefix::Syslog, Prefix::Compose];

/// Those that are looked for within another envelope.
pub(super) const WITHIN: [Prefix; 3] = [Prefix::Cri, Prefix::Pod, Prefix::Clock];

/// Whether a line has this prefix.
pub(super) fn holds(prefix: Prefix, line: &[u8], dialects: &Dialects) -> bool {
    peel(prefix, line, dialects).is_some()
}

/// Takes a prefix off a line.
pub(super) fn peel<'a>(prefix: Prefix, line: &'a [u8], dialects: &Dialects) -> Option<Peeled<'a>> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match prefix {
        Prefix::Cri => cri(line, dialects),
        Prefix::Pod => pod(line),
        Prefix::Clock => clock(line, dialects),
        Prefix::AwsTail => aws_tail(line, dialects),
        Prefix::Loki => loki(line, dialects),
        Prefix::Compose => compose(line),
        Prefix::Syslog => syslog(line, dialects),
    }
}

fn cri<'a>(line: &'a [u8], dialects: &Dialects) -> Option<Peeled<'a>> {
    let (time, rest) = leading_time(line, dialects)?;
    let rest = rest.strip_prefix(b" ")?;
    let rest = rest.strip_prefix(b"stdout ").or_else(|| rest.strip_prefix(b"stderr "))?;
    // Tags are separated by colons; the first says whether the line is whole.
    let goes_on = match rest.first()? {
        b'F' => false,
        b'P' => true,
        _ => return None,
    };
    let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
    (end == 1 || rest.get(1) == Some(&b':')).then(|| Peeled {
        time: Some(time),
        text: Cow::Borrowed(rest.get(end + 1..).unwrap_or_default()),
        goes_on,
        ..Peeled::default()
    })
}

fn pod(line: &[u8]) -> Option<Peeled<'_>> {
    let rest = line.strip_prefix(b"[pod/")?;
    let close = rest.iter().take(400).position(|byte| *byte == b']')?;
    let name = std::str::from_utf8(&rest[..close]).ok().filter(|name| !name.contains(char::is_whitespace))?;
    let text = &rest[close + 1..];
    Some(Peeled { origin: of_container(name), text: Cow::Borrowed(text.strip_prefix(b" ").unwrap_or(text)), ..Peeled::default() })
}

/// The origin of `pod/container`, or of a container's name.
pub(super) fn of_container(name: &str) -> Origin {
    // The container's name is `base` in a task's pod, and the pod's name is cut: neither is sure enough for an identity.
    Origin { task: crate::source::TaskInstance::default(), is_whole: false, ..Origin::named(name) }
}

fn clock<'a>(line: &'a [u8], dialects: &Dialects) -> Option<Peeled<'a>> {
    let (time, rest) = leading_time(line, dialects)?;
    let head = &line[..line.len() - rest.len()];
    let text = match rest {
        [] => rest,
        [b' ', text @ ..] => text,
        _ => return None,
    };
    // Nine digits of a second are what container engines write, whatever the text; else the text must have a header of its own.
    let digits = head.rsplit(|byte| *byte == b'.').next().unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_engine = digits == 9 && head.contains(&b'.') && head.contains(&b'T');
    let is_headed = matches!(line_kind(text), LineKind::Headed | LineKind::Json) && text.first() != Some(&b'*');
    let is_doubled = head.contains(&b'T') && (is_headed || dialects.is_surely_own(text));
    (is_engine || is_doubled).then(|| Peeled { time: Some(time), text: Cow::Borrowed(text), ..Peeled::default() })
}

fn aws_tail<'a>(line: &'a [u8], dialects: &Dialects) -> Option<Peeled<'a>> {
    let (time, rest) = leading_time(line, dialects)?;
    let rest = rest.strip_prefix(b" ")?;
    let end = rest.iter().take(600).position(|byte| *byte == b' ')?;
    let stream = std::str::from_utf8(&rest[..end]).ok()?;
    (stream.ends_with(".log") && stream.contains(['/', '_'])).then(|| Peeled {
        origin: Origin::named(stream),
        time: Some(time),
        text: Cow::Borrowed(&rest[end + 1..]),
        ..Peeled::default()
    })
}

fn loki<'a>(line: &'a [u8], dialects: &Dialects) -> Option<Peeled<'a>> {
    let (time, rest) = leading_time(line, dialects)?;
    let rest = rest.strip_prefix(b" {")?;
    let end = rest.iter().take(2000).position(|byte| *byte == b'}')?;
    let labels = std::str::from_utf8(&rest[..end]).ok().filter(|labels| labels.is_empty() || labels.ends_with('"'))?;
    let label = |key: &str| {
        let pairs = labels.split(", ").filter_map(|pair| pair.split_once("=\""));
        pairs.filter(|(name, _)| *name == key).map(|(_, value)| value.trim_end_matches('"').to_owned()).next()
    };
    let name = ["pod", "container", "filename", "job"].into_iter().find_map(label).unwrap_or_default();
    // Labels are padded to one width.
    let text = rest[end + 1..].strip_prefix(b" ")?;
    let padding =
        if dialects.line_kind(text.trim_ascii_start()) == LineKind::Plain { 0 } else { text.len() - text.trim_ascii_start().len() };
    Some(Peeled { origin: of_container(&name), time: Some(time), text: Cow::Borrowed(&text[padding..]), ..Peeled::default() })
}

fn compose(line: &[u8]) -> Option<Peeled<'_>> {
    let plain = without_colour(line);
    let end = plain.iter().take(80).position(|byte| !(byte.is_ascii_alphanumeric() || b"-_.@".contains(byte)))?;
    let name =
        std::str::from_utf8(&plain[..end]).ok().filter(|name| name.len() > 1 && name.starts_with(|c: char| c.is_ascii_alphabetic()))?;
    let bar = plain[end..].iter().take(60).position(|byte| *byte != b' ').map(|spaces| end + spaces)?;
    let text = without_colour(plain[bar..].strip_prefix(b"|")?);
    (bar > end).then(|| Peeled {
        origin: of_container(name),
        text: Cow::Borrowed(text.strip_prefix(b" ").unwrap_or(text)),
        ..Peeled::default()
    })
}

fn without_colour(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.strip_prefix(b"\x1b[") {
        match rest.iter().take(12).position(u8::is_ascii_alphabetic) {
            Some(end) => line = &rest[end + 1..],
            None => return line,
        }
    }
    line
}

fn syslog<'a>(line: &'a [u8], dialects: &Dialects) -> Option<Peeled<'a>> {
    let line = without_priority(line);
    let (time, rest) = match leading_time(without_weekday(line), dialects) {
        Some((time, rest)) => (Some(time), rest.strip_prefix(b" UTC").unwrap_or(rest)),
        // The classic form has no year: when it was cannot be said.
        None => (None, month_and_clock(line)?),
    };
    let rest = rest.strip_prefix(b" ")?;
    let host_end = rest.iter().take(255).position(|byte| *byte == b' ')?;
    let host = std::str::from_utf8(&rest[..host_end]).ok().filter(|host| is_host(host))?;
    let rest = &rest[host_end + 1..];
    let colon = rest.iter().take(120).position(|byte| *byte == b':')?;
    let tag = std::str::from_utf8(&rest[..colon]).ok()?;
    let (program, pid) =
        tag.strip_suffix(']').and_then(|tag| tag.split_once('[')).map_or((tag, None), |(program, pid)| (program, Some(pid)));
    let is_tag = !program.is_empty()
        && program.chars().all(|c| c.is_ascii_alphanumeric() || "-_./@".contains(c))
        && pid.is_none_or(|pid| !pid.is_empty() && pid.chars().all(|c| c.is_ascii_digit()));
    let text = rest[colon + 1..].strip_prefix(b" ")?;
    is_tag.then(|| Peeled { origin: of_program(program, host), time, text: Cow::Borrowed(text), ..Peeled::default() })
}

/// The origin of what a program on a machine wrote through syslog or the journal.
pub(super) fn of_program(program: &str, host: &str) -> Origin {
    let kind = if program == "kernel" { Some(Kind::Kernel) } else { of_container(program).kind };
    let key = if host.is_empty() { program.to_owned() } else { format!("{host} {program}") };
    Origin { key, kind, host: Some(host.to_owned()).filter(|host| !host.is_empty()), ..Origin::default() }
}

/// A line without the number before it that says which facility wrote it and how grave it is: `<14>`.
fn without_priority(line: &[u8]) -> &[u8] {
    let Some(rest) = line.strip_prefix(b"<") else { return line };
    let end = rest.iter().take(4).position(|byte| *byte == b'>').filter(|end| *end > 0 && rest[..*end].iter().all(u8::is_ascii_digit));
    end.map_or(line, |end| &rest[end + 1..])
}

/// A line without the day's name with which `journalctl -o short-full` begins.
fn without_weekday(line: &[u8]) -> &[u8] {
    const DAYS: [&[u8]; 7] = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
    DAYS.into_iter().find_map(|day| line.strip_prefix(day)).unwrap_or(line)
}

fn is_host(host: &str) -> bool {
    host.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c)) && host.chars().any(|c| c.is_ascii_alphabetic())
}

/// `Nov 21 07:16:20`: what stands behind it.
fn month_and_clock(line: &[u8]) -> Option<&[u8]> {
    const MONTHS: [&[u8]; 12] = [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let form = line.get(..15)?;
    let digit = |at: usize| form[at].is_ascii_digit();
    let is_one = MONTHS.contains(&&form[..3])
        && form[3] == b' '
        && (form[4] == b' ' || digit(4))
        && form[6] == b' '
        && form[9] == b':'
        && form[12] == b':'
        && [5, 7, 8, 10, 11, 13, 14].into_iter().all(digit);
    // `journalctl -o short-precise` writes the parts of a second too.
    let fraction =
        line.get(15).filter(|byte| **byte == b'.').map_or(0, |_| 1 + line[16..].iter().take_while(|byte| byte.is_ascii_digit()).count());
    is_one.then(|| &line[15 + fraction..])
}

/// The date and time at the start of a line, and what stands behind them.
fn leading_time<'a>(line: &'a [u8], dialects: &Dialects) -> Option<(Timestamp, &'a [u8])> {
    line.first().filter(|byte| byte.is_ascii_digit())?;
    let (time, length) = parse_prefix(line, &dialects.zone)?;
    Some((time, &line[length..]))
}
