#!/usr/bin/env python3
"""Three nights over a growing, rotating tree of logs: what is said from the state is what is said by reading everything.

    .ci/nights.py DAGNOSIS LOGS

LOGS is a folder of logs. Of it a tree is made as it was after a first, a second and a third night: a log ends where its time was over, service logs are
rotated and compressed, the last night adds little. Each night the program reads it twice, with a state and without, and both reports must agree. What is
new, recurring or regressed is worked out here a second time, from the reports without a state alone.
"""

import gzip
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TIME = re.compile(rb"(20\d\d-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)")

# Which share of all times lie within the first night, and within the first two.
SHARES = (0.6, 0.985)

# Keys of a report that tell of earlier runs, and of nothing else.
OF_THE_STATE = ("history", "status")


def time_of(line):
    found = TIME.search(line[:200])
    return b"T".join(found.groups()) if found else None


def upto(data, end):
    """The part of a log that was written before a time: whole lines."""
    out = 0
    for line in data.splitlines(keepends=True):
        at = time_of(line)
        if at and at > end:
            break
        out += len(line)
    return data[:out]


class Tree:
    def __init__(self, logs):
        self.files = {}
        times = []
        for path in sorted(Path(logs).rglob("*")):
            name = path.relative_to(logs).as_posix()
            if not path.is_file() or path.name in ("truth.jsonl", "README.md") or path.suffix in (".gz", ".zip", ".csv"):
                continue
            data = path.read_bytes()
            self.files[name] = data
            times += [at for at in map(time_of, data.splitlines()[:1] + data.splitlines()[-1:]) if at]
        times.sort()
        self.ends = [times[int(len(times) * share)] for share in SHARES] + [times[-1]]
        services = [name for name, data in self.files.items() if re.search(r"scheduler|worker|triggerer|_services|components", name) and len(data) > 5000 and time_of(data[:4000])]
        self.rotated = sorted(services)[:3]

    def write(self, root, night):
        """Brings a tree on disk to the end of a night (0, 1, 2) as Airflow and logrotate do: what stands there is added to, moved or packed."""
        for name, data in self.files.items():
            path = root / name
            part = upto(data, self.ends[night]) if time_of(data[:4000]) else data
            before = upto(data, self.ends[night - 1]) if night and time_of(data[:4000]) else b""
            if not part:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            if name in self.rotated:
                self.rotate(path, night)
                part = part[len(before) :]
            if path.exists():
                if path.stat().st_size < len(part):
                    with path.open("ab") as file:
                        file.write(part[path.stat().st_size :])
            elif part:
                path.write_bytes(part)

    @staticmethod
    def rotate(path, night):
        first, second = path.with_name(path.name + ".1"), path.with_name(path.name + ".2.gz")
        if night > 1 and first.exists():
            second.write_bytes(gzip.compress(first.read_bytes()))
            first.unlink()
        if night and path.exists():
            path.rename(first)


def run(dagnosis, root, *options):
    command = [dagnosis, str(root), "-f", "json", "--attempts", "all", "--no-config", *options]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode not in (0, 1) or done.stderr:
        sys.exit(f"exit code {done.returncode}: {' '.join(command)}\n{done.stderr.decode()}")
    return json.loads(done.stdout)


def without_state(value):
    if isinstance(value, dict):
        return {key: without_state(inner) for key, inner in value.items() if key not in OF_THE_STATE}
    return [without_state(inner) for inner in value] if isinstance(value, list) else value


def difference(one, other, where="report"):
    """The first place where two reports differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            if one.get(key) != other.get(key):
                return difference(one.get(key), other.get(key), f"{where}.{key}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (a, b) in enumerate(zip(one, other)):
            if a != b:
                return difference(a, b, f"{where}[{at}]")
    return f"{where}: {str(one)[:300]} instead of {str(other)[:300]}"


class Expected:
    """Which incidents are new, recurring and regressed, by the failures of each night's whole report."""

    def __init__(self):
        self.failures = {}
        self.known = set()
        self.resolved = set()

    def status(self, incident, keys):
        seen = {self.failures[key] for key in keys if key in self.failures}
        known = incident["id"].split("-")[0] in self.known
        fresh = [key for key in keys if key not in self.failures]
        if not seen and not known:
            return {"new"}
        if not fresh:
            return {"recurring", "resolved"}
        return {"regressed"} if incident["history"]["id"] in self.resolved else {"recurring"}


def key_of(attempt, incident):
    names = ("dag_id", "run_id", "task_id", "map_index", "try_number")
    if all(attempt[name] is not None for name in names if name != "map_index"):
        # One that has gone on since has another failure.
        return tuple(str(attempt[name]) for name in names) + (attempt["ended"],)
    # A service's log fails more than once while it grows.
    return (attempt["path"], incident["id"].split("-")[0])


def check_statuses(report, expected, night):
    wrong, counts = [], {}
    for incident in report["incidents"]:
        keys = [key_of(report["attempts"][at], incident) for at in incident["attempts"]]
        wanted, got = expected.status(incident, keys), incident["status"]
        counts[got] = counts.get(got, 0) + 1
        if got not in wanted:
            wrong.append(f"night {night + 1}: {incident['id']} ({incident['title']}) is {got}, expected {' or '.join(sorted(wanted))}")
    for resolved in report["history"]["resolved"]:
        counts["resolved since"] = counts.get("resolved since", 0) + 1
        here = [incident for incident in report["incidents"] if (incident["history"] or {}).get("id") == resolved["id"]]
        if any(incident["history"]["new_occurrences"] for incident in here):
            wrong.append(f"night {night + 1}: {resolved['id']} is resolved and has new failures")
    for incident in report["incidents"]:
        expected.known.add(incident["id"].split("-")[0])
        for at in incident["attempts"]:
            expected.failures.setdefault(key_of(report["attempts"][at], incident), incident["history"]["id"])
        (expected.resolved.add if incident["status"] == "resolved" else expected.resolved.discard)(incident["history"]["id"])
    expected.resolved.update(resolved["id"] for resolved in report["history"]["resolved"])
    return wrong, counts


def main():
    dagnosis, logs = sys.argv[1:]
    tree, expected, faults = Tree(logs), Expected(), []
    scratch = Path(tempfile.mkdtemp(prefix="nights-"))
    try:
        root, state = scratch / "logs", scratch / "state.sqlite"
        for night in range(3):
            tree.write(root, night)
            whole = run(dagnosis, root)
            again = run(dagnosis, root, "--state", str(state), "--now", f"2026-12-0{night + 1}T02:00:00Z")
            if without_state(whole) != without_state(again):
                faults.append(f"night {night + 1}: {difference(without_state(again), without_state(whole))}")
            wrong, counts = check_statuses(again, expected, night)
            faults += wrong
            size = again["totals"]["bytes"]
            read = size - again["history"]["bytes_not_read"]
            print(f"    night {night + 1}: {again['totals']['files']} files, {read:,} of {size:,} bytes read ({read / size:.1%}); {counts}")
            if night == 2 and read >= 0.05 * size:
                faults.append(f"the third night reads {read / size:.1%} of the bytes")
    finally:
        shutil.rmtree(scratch)
    sys.exit("\n".join(faults) if faults else 0)


main()
