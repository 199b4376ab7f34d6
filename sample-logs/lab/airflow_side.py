"""The part of the driver that needs Airflow: run by the Python of its venv.

    airflow_side.py play '[["orders_sync", {}], ...]'   trigger the DAGs and wait for their runs
    airflow_side.py dump                                print every attempt as one JSON line
"""

import json
import sys
import time
from datetime import datetime, timezone

from airflow import __version__
from airflow.api.common.trigger_dag import trigger_dag
from airflow.models import DagModel, DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.utils.session import create_session

FINAL = ("success", "failed")


def wait_until(condition, what, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(1)
    print("gave up waiting for", what, file=sys.stderr)


def known(dag_ids):
    with create_session() as session:
        found = {d.dag_id for d in session.query(DagModel) if dag_still_there(d)}
    return set(dag_ids) <= found


def dag_still_there(model):
    return getattr(model, "is_active", True) and not getattr(model, "is_stale", False)


def trigger(dag_id, conf):
    now = datetime.now(timezone.utc)
    run_id = f"manual__{now.isoformat()}"
    if __version__.startswith("2."):
        trigger_dag(dag_id, run_id=run_id, conf=conf, execution_date=now, replace_microseconds=False)
    else:
        from airflow.utils.types import DagRunTriggeredByType

        trigger_dag(
            dag_id,
            triggered_by=DagRunTriggeredByType.TEST,
            run_id=run_id,
            conf=conf,
            logical_date=now,
            replace_microseconds=False,
        )
    return dag_id, run_id


def play(runs):
    wait_until(lambda: known(dag for dag, _ in runs), "the DAGs", 120)
    started = [trigger(dag_id, conf) for dag_id, conf in runs]

    def finished():
        with create_session() as session:
            states = {(r.dag_id, r.run_id): str(getattr(r.state, "value", r.state)) for r in session.query(DagRun)}
        return all(states.get(key) in FINAL for key in started)

    wait_until(finished, started, 240)


def attempt(row, final):
    state = str(getattr(row.state, "value", row.state))
    if not final:
        # The history keeps the attempts that were followed by another one.
        state = "up_for_retry" if state in ("failed", "up_for_retry", "running") else state
    return {
        "dag_id": row.dag_id,
        "run_id": row.run_id,
        "task_id": row.task_id,
        "try": row.try_number,
        "map_index": row.map_index,
        "outcome": state,
        "host": row.hostname,
        "start": row.start_date and row.start_date.isoformat(),
        "end": row.end_date and row.end_date.isoformat(),
    }


def dump():
    with create_session() as session:
        rows = {}
        for row in session.query(TaskInstanceHistory):
            rows[row.dag_id, row.run_id, row.task_id, row.map_index, row.try_number] = attempt(row, False)
        for row in session.query(TaskInstance):
            rows[row.dag_id, row.run_id, row.task_id, row.map_index, row.try_number] = attempt(row, True)
    for key in sorted(rows):
        print(json.dumps(rows[key]))


if __name__ == "__main__":
    play(json.loads(sys.argv[2])) if sys.argv[1] == "play" else dump()
