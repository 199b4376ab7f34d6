"""Diagnoses yesterday's task logs each morning, with Airflow itself. For Airflow 2.4 and later, and 3.

`diagnose` succeeds with and without incidents: that tasks of others failed is no failure of this one, and a failed task would be in tomorrow's report. It
fails where the run itself went wrong, so that what alerts you of failed tasks alerts you of that. `tell` runs when there is something to tell, and is
skipped otherwise: put there what tells you, or give dagnosis a `--notify`.

Neither writes text from the logs into its own log, for tomorrow's run reads that too.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

try:
    from airflow.sdk import dag, get_current_context, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.operators.python import get_current_context
from airflow.configuration import AIRFLOW_HOME, conf

DAGNOSIS = os.environ.get("DAGNOSIS", "dagnosis")
LOGS = os.environ.get("DAGNOSIS_LOGS") or conf.get("logging", "base_log_folder")
# The state and the reports; a dagnosis.yaml in it is read. It has to be on a local disk, the same one each day: where there are several workers, give the
# tasks a queue of one that sees the logs.
FOLDER = Path(os.environ.get("DAGNOSIS_FOLDER") or Path(AIRFLOW_HOME) / "dagnosis")


@dag(
    schedule="30 6 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 0},
    tags=["dagnosis"],
    doc_md=__doc__,
)
def dagnosis_yesterday():
    @task.short_circuit
    def diagnose():
        context = get_current_context()
        # Airflow 2 and 3 disagree on where the interval of a daily run begins, and on its end they agree; a run by hand may have none.
        end = context.get("data_interval_end") or datetime.now(timezone.utc)
        since = (end.astimezone(timezone.utc) - timedelta(days=1)).date().isoformat()
        FOLDER.mkdir(parents=True, exist_ok=True)
        report = FOLDER / "report.json"
        command = [DAGNOSIS, LOGS, "--since", since, "--state", "state.sqlite", "--wait", "600", "--fail-on", "new"]
        command += ["--format", "json", "--output", str(report), "--output", "html=report.html"]
        run = subprocess.run(command, cwd=FOLDER, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        # 0: nothing new. 1: new incidents. 3: some logs could not be read, and the report says which. Else there is no report.
        if run.returncode not in (0, 1, 3):
            raise RuntimeError(f"dagnosis ended with exit code {run.returncode}: {run.stderr[-2000:]}")
        logging.info("%s: exit code %s, logs since %s", FOLDER / "report.html", run.returncode, since)
        return str(report) if run.returncode else None

    @task
    def tell(path: str):
        report = json.loads(Path(path).read_text())
        for incident in report["incidents"]:
            if incident["status"] in ("new", "regressed"):
                logging.info("%s: %s, %s", incident["id"], incident["severity"], incident["status"])
        logging.info("%s inputs were not read or not understood", len(report["problems"]))

    tell(diagnose())


dagnosis_yesterday()
