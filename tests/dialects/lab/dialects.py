"""One DAG for every Airflow from 1.10 to 3: each task shows one thing a task log can say.

What a version does not have is left out: task groups (2.0), deferral (2.2), mapping (2.3).
Nothing is faked: ports without a listener, real signals, real time limits.
"""

import logging
import os
import signal
import sys
import time
from datetime import datetime, timedelta

import airflow
from airflow.exceptions import AirflowFailException, AirflowSkipException

VERSION = tuple(int(part) for part in airflow.__version__.split(".")[:2])

if VERSION >= (3, 0):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.providers.standard.sensors.python import PythonSensor
    from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
    from airflow.sdk import DAG, BaseOperator, TaskGroup
elif VERSION >= (2, 0):
    from airflow import DAG
    from airflow.models import BaseOperator
    from airflow.operators.bash import BashOperator
    from airflow.operators.python import PythonOperator
    from airflow.sensors.python import PythonSensor
    from airflow.utils.task_group import TaskGroup

    if VERSION >= (2, 2):
        from airflow.triggers.temporal import TimeDeltaTrigger
else:
    from airflow import DAG
    from airflow.contrib.sensors.python_sensor import PythonSensor
    from airflow.models import BaseOperator
    from airflow.operators.bash_operator import BashOperator
    from airflow.operators.python_operator import PythonOperator

log = logging.getLogger(__name__)
# A supervisor of 3.x may outlive its task by 5 s; a task that comes back before that is failed ("state attribute is queued").
PAUSE = 15 if VERSION >= (3, 0) else 5
RATES = {"eu": 3, "asia": 5}


def ok():
    log.info("loading 3 rows")
    print("first line printed")
    print("second line printed")
    return 3


def refused():
    import requests

    log.info("asking for the rates")
    requests.get("http://127.0.0.1:8099/rates", timeout=5)


def chained_from(text):
    try:
        return int(text)
    except ValueError as error:
        raise RuntimeError("row 17 of rates.csv is not a number") from error


def chained_during(region):
    try:
        return RATES[region]
    except KeyError:
        with open("/opt/airflow/rates/default.json") as file:
            return file.read()


def killed():
    log.info("about to be killed")
    time.sleep(1)
    os.kill(os.getpid(), signal.SIGKILL)


def silent():
    log.info("about to lose the supervisor")
    time.sleep(1)
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def exits():
    sys.exit(3)


def timeout():
    log.info("waiting for a file")
    time.sleep(60)


def arrived():
    """True at the second poke."""
    path = "/opt/airflow/poked"
    if os.path.exists(path):
        return True
    open(path, "w").close()
    return False


def skipped():
    raise AirflowSkipException("no rates on a holiday")


def fail_now():
    raise AirflowFailException("the key was revoked")


def mapped(region):
    log.info("rate of %s", region)
    return RATES[region]


class Wait(BaseOperator):
    """Defers itself for some seconds."""

    def __init__(self, seconds, limit=None, **kwargs):
        super().__init__(**kwargs)
        self.seconds, self.limit = seconds, limit

    def execute(self, context):
        self.log.info("deferring")
        trigger = TimeDeltaTrigger(timedelta(seconds=self.seconds))
        limit = timedelta(seconds=self.limit) if self.limit else None
        self.defer(trigger=trigger, method_name="resume", timeout=limit)

    def resume(self, context, event=None):
        self.log.info("resumed by %s", event)


schedule = {("schedule" if VERSION >= (2, 4) else "schedule_interval"): "@daily"}
start = datetime.fromtimestamp(time.time() - 3 * 86400).replace(hour=0, minute=0, second=0, microsecond=0)

with DAG("nightly_rates", start_date=start, catchup=False, default_args={"owner": "airflow", "retries": 0}, **schedule) as dag:
    PythonOperator(task_id="ok", python_callable=ok)
    BashOperator(task_id="ok_bash", bash_command="echo one; echo two >&2; echo three")
    PythonOperator(task_id="refused", python_callable=refused, retries=1, retry_delay=timedelta(seconds=3))
    BashOperator(task_id="bash_fail", bash_command="echo 'cp: cannot stat rates.csv'; exit 3")
    PythonOperator(task_id="killed", python_callable=killed)
    PythonOperator(task_id="silent", python_callable=silent)
    PythonOperator(task_id="exits", python_callable=exits)
    PythonOperator(task_id="timeout", python_callable=timeout, execution_timeout=timedelta(seconds=3))
    PythonSensor(task_id="sensor", python_callable=arrived, mode="reschedule", poke_interval=PAUSE, timeout=600)
    PythonOperator(task_id="skipped", python_callable=skipped)
    PythonOperator(task_id="fail_now", python_callable=fail_now, retries=1, retry_delay=timedelta(seconds=3))
    if VERSION >= (2, 0):
        group = TaskGroup("convert")
    else:
        group = None
    inside = {"task_group": group} if group else {}
    PythonOperator(task_id="chained_from", python_callable=chained_from, op_args=["n/a"], **inside)
    PythonOperator(task_id="chained_during", python_callable=chained_during, op_args=["us"], **inside)
    if VERSION >= (2, 2):
        Wait(task_id="deferred", seconds=PAUSE if VERSION >= (3, 0) else 3)
        Wait(task_id="deferred_timeout", seconds=600, limit=3)
    if VERSION >= (2, 3):
        PythonOperator.partial(task_id="mapped", python_callable=mapped).expand(op_args=[["eu"], ["us"]])
