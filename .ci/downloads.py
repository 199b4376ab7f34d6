"""Compares what dagnosis says of an attempt's log file with what it says of downloads of the same log (REST API, user interface).

    downloads.py DAGNOSIS TREE

TREE holds logs, `truth.jsonl` with their identities, and a folder `_api_download` of files named `dag.task.map_index.try.form`. Ends with 1 where
an attempt is diagnosed differently.
"""

import json
import pathlib
import subprocess
import sys


# The user interface of Airflow 3 shows an exception group without its members, so that less can be said.
HIDDEN_MEMBERS = "exception-group"


def diagnosed(dagnosis, *logs):
    command = [dagnosis, *map(str, logs), "-f", "json", "--attempts", "all"]
    out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    (attempt,) = [attempt for attempt in json.loads(out)["attempts"] if attempt["kind"] == "task"]
    ids = lambda key: [item["id"] for item in attempt[key]]
    identity = {key: attempt[key] for key in ("dag_id", "task_id", "map_index", "try_number")}
    return identity, {"outcome": attempt["outcome"], "symptoms": sorted(set(ids("symptoms"))), "causes": ids("causes")[:3]}


def main():
    dagnosis, tree = sys.argv[1], pathlib.Path(sys.argv[2])
    logs = {}
    for line in (tree / "truth.jsonl").read_text().splitlines():
        row = json.loads(line)
        map_index = -1 if row.get("map_index") is None else row["map_index"]
        logs.setdefault((row["dag_id"], row["task_id"], map_index, row["try"]), []).append(tree / row["path"])
    same = differ = 0
    for download in sorted((tree / "_api_download").iterdir()):
        dag, task, map_index, number, form = download.name.split(".", 4)
        identity, said = diagnosed(dagnosis, download)
        # A download holds what the triggers logged, too.
        own = [diagnosed(dagnosis, log, *sorted(log.parent.glob(log.name + ".trigger.*"))) for log in logs.get((dag, task, int(map_index), int(number)), [])]
        is_hidden = form == "ui_download.txt" and HIDDEN_MEMBERS in said["symptoms"]
        if not own:
            print(f"{download.name}: its log is not in the truth")
        elif (identity, said) in own:
            same += 1
        elif is_hidden:
            print(f"{download.name}: the members of its exception group are not shown, so that it can tell no more than {said}")
        else:
            differ += 1
            print(f"{download.name} ({form}): {identity} {said}\n    its log: {own[0]}")
    print(f"{tree.name}: {same} downloads are diagnosed as their logs are, {differ} differently")
    return 1 if differ else 0


sys.exit(main())
