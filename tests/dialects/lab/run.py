#!/usr/bin/env python3
"""Run the DAG of dialects.py once under one version of Airflow and keep what it wrote.

    sudo lab/run.py 2.9.3 [--timezone America/New_York] [--exports]

Needs root, uv, unshare, and a CPython of the version's series whose prefix is given by PYTHON_PREFIX
(say /opt/python-3.8). Everything runs in its own network, mount and process namespaces: Airflow is installed in
/home/airflow/.local, its home is /opt/airflow, Python stands in /usr/local, as in the project's own images. So no path in a
log has to be changed. Standard library only.
"""

import argparse
import base64
import csv
import fcntl
import glob
import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

LAB = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.dirname(LAB)
HOME, VENV = "/opt/airflow", "/home/airflow/.local"
DAG, HOST = "nightly_rates", "worker-a.example.internal"

# version: last day of the packages it is installed with (UTC), pins that uv does not find by itself
VERSIONS = {
    "1.10.15": ("2021-04-10", ["markupsafe<2", "wtforms<3", "sqlalchemy<1.4", "requests"]),
    "2.0.2": ("2021-05-10", ["markupsafe<2", "wtforms<3", "sqlalchemy<1.4"]),
    "2.2.5": ("2022-05-10", ["markupsafe<2.1"]),
    "2.4.3": ("2022-12-05", []),
    "2.6.3": ("2023-07-28", []),
    "2.9.3": ("2024-08-08", []),
    "2.11.2": ("2026-11-20", []),
    "3.0.6": ("2025-09-20", []),
    "3.2.2": ("2026-06-10", []),
}


def enter(work, prefix, version):
    """Start this script again in new namespaces; only the installation still has a network."""
    last, pins = VERSIONS[version]
    steps = f"""set -e
        mkdir -p {HOME} {VENV} {work}/home {work}/venv
        mount --bind {work}/home {HOME}
        mount --bind {work}/venv {VENV}
        mount --bind {prefix} /usr/local
        if ! test -e {VENV}/bin/airflow; then
            uv venv -q --clear --python /usr/local/bin/python3 {VENV}
            uv pip install -q --python {VENV}/bin/python --exclude-newer {last} {shlex.join(["apache-airflow==" + version] + pins)}
        fi
        exec unshare --net --uts --ipc --pid --fork --kill-child --mount-proc bash -c 'ip link set lo up; hostname {HOST}; exec "$@"' lab "$@" """
    os.environ["LAB_INSIDE"] = "1"
    sys.exit(subprocess.call(["unshare", "--mount", "bash", "-c", steps, "lab", sys.executable] + sys.argv))


class Lab:
    def __init__(self, version, timezone):
        self.version, self.series = version, tuple(int(part) for part in version.split(".")[:2])
        self.services, self.seen = {}, {}
        self.env = {
            "PATH": f"{VENV}/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": "/home/airflow",
            "USER": "airflow",
            "LANG": "C.UTF-8",
            "TZ": timezone,
            "PYTHONPATH": f"{HOME}/config",
            "PYTHONWARNINGS": "ignore",
            "AIRFLOW_HOME": HOME,
            "AIRFLOW__CORE__DEFAULT_TIMEZONE": "utc" if timezone == "UTC" else timezone,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "lab_host.hostname" if self.series >= (2, 0) else "lab_host:hostname",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor" if self.series >= (3, 0) else "SequentialExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "20",
            "AIRFLOW__SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL": "10",
            "AIRFLOW__API__AUTH_BACKEND": f"airflow.api.auth.backend.{'default' if self.series < (2, 0) else 'basic_auth'}",
            "AIRFLOW__API__AUTH_BACKENDS": "airflow.api.auth.backend.basic_auth",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "http://localhost:8080/execution/",
            "AIRFLOW__API_AUTH__JWT_SECRET": "only-for-this-lab-" * 5,
            "AIRFLOW__WEBSERVER__SECRET_KEY": "only-for-this-lab-" * 5,
            "AIRFLOW__API__SECRET_KEY": "only-for-this-lab-" * 5,
        }

    def airflow(self, *words):
        done = subprocess.run(["airflow", *words], env=self.env, cwd=HOME, stdout=subprocess.PIPE, stderr=open(f"{HOME}/commands.log", "a"))
        return done.stdout.decode()

    def start(self, name, *words):
        log = open(f"{HOME}/{name}.log", "w")
        self.services[name] = subprocess.Popen(["airflow", name, *words], env=self.env, cwd=HOME, stdout=log, stderr=log, start_new_session=True)

    def stop(self):
        for service in self.services.values():
            os.killpg(service.pid, signal.SIGTERM)
        time.sleep(5)

    def query(self, sql):
        for _ in range(100):
            try:
                with sqlite3.connect(f"file:{HOME}/airflow.db?mode=ro", uri=True) as db:
                    db.row_factory = sqlite3.Row
                    return db.execute(sql).fetchall()
            except sqlite3.OperationalError:
                time.sleep(0.1)
        raise SystemExit(f"the database does not answer: {sql}")

    def prepare(self):
        for part in ("dags", "config"):
            os.makedirs(f"{HOME}/{part}")
        shutil.copy(f"{LAB}/dialects.py", f"{HOME}/dags/{DAG}.py")
        shutil.copy(f"{LAB}/lab_host.py", f"{HOME}/config")
        if self.series < (2, 0):
            self.airflow("initdb")
        else:
            self.airflow("db", "migrate" if self.series >= (2, 7) else "init")
        if (2, 0) <= self.series < (3, 0):
            who = ["-u", "lab", "-p", "lab", "-r", "Admin", "-f", "Lab", "-l", "Lab", "-e", "lab@example.internal"]
            self.airflow("users", "create", *who)

    def play(self):
        if self.series >= (3, 0):
            self.start("api-server")
            self.start("dag-processor")
            self.answers("/api/v2/version")
        if self.series >= (2, 2):
            self.start("triggerer")
        self.start("scheduler")
        began = time.monotonic()
        end = began + 420
        while time.monotonic() < end:
            self.look()
            runs = self.query("select state from dag_run")
            if not runs and time.monotonic() > began + 90:
                raise SystemExit("no run of the DAG after 90 s")
            if runs and all(run["state"] in ("success", "failed") for run in runs):
                break
            time.sleep(0.5)
        else:
            print("the run did not end", file=sys.stderr)
        time.sleep(3)

    def look(self):
        """Note the states each task goes through: the database of most versions keeps only the last one."""
        index = "map_index" if self.series >= (2, 3) else "-1 as map_index"
        for row in self.query(f"select task_id, {index}, state from task_instance"):
            states = self.seen.setdefault((row["task_id"], row["map_index"]), [])
            if row["state"] and (not states or states[-1] != row["state"]):
                states.append(row["state"])

    def answers(self, url):
        """Wait until the web server does."""
        for _ in range(120):
            try:
                urllib.request.urlopen("http://localhost:8080" + url)
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(1)

    def get(self, url, accept):
        headers = {"Accept": accept}
        if self.series >= (3, 0):
            token = json.load(urllib.request.urlopen("http://localhost:8080/auth/token"))["access_token"]
            headers["Authorization"] = "Bearer " + token
        else:
            headers["Authorization"] = "Basic " + base64.b64encode(b"lab:lab").decode()
        return urllib.request.urlopen(urllib.request.Request("http://localhost:8080" + url, headers=headers)).read()

    def download(self, out, exports):
        if self.series < (3, 0):
            self.start("webserver", *(["-w", "1"] if self.series >= (2, 0) else ["-w", "1", "-p", "8080"]))
            self.answers("/health")
        run = self.query("select * from dag_run")[0]
        os.makedirs(f"{out}/downloads")
        for task, attempt in (("ok", 1), ("refused", 1)):
            if self.series < (2, 0):
                when = run["execution_date"].replace(" ", "T") + "+00:00"
                words = {"dag_id": DAG, "task_id": task, "execution_date": when, "try_number": attempt, "metadata": "{}"}
                for form in ("file", "json"):
                    url = "/admin/airflow/get_logs_with_metadata?" + urllib.parse.urlencode({**words, "format": form})
                    self.save(f"{out}/downloads/{task}.{attempt}.{'txt' if form == 'file' else 'json'}", url, "*/*")
                continue
            base = "/api/v1" if self.series < (3, 0) else "/api/v2"
            path = f"{base}/dags/{DAG}/dagRuns/{urllib.parse.quote(run['run_id'])}/taskInstances"
            forms = {"json": "application/json", "txt": "text/plain"} if self.series < (3, 0) else {"json": "application/json", "ndjson": "application/x-ndjson"}
            for form, accept in forms.items():
                self.save(f"{out}/downloads/{task}.{attempt}.{form}", f"{path}/{task}/logs/{attempt}?full_content=true", accept)
        if exports:
            os.makedirs(f"{out}/exports")
            self.save(f"{out}/exports/taskInstances.json", path, "application/json")
            for form in ("json", "table"):
                text = self.airflow("tasks", "states-for-dag-run", DAG, run["run_id"], "-o", form)
                with open(f"{out}/exports/states-for-dag-run.{'txt' if form == 'table' else form}", "w") as file:
                    file.write(text)
            rows = self.query("select * from task_instance order by task_id, map_index")
            with open(f"{out}/exports/task_instance.csv", "w", newline="") as file:
                table = csv.writer(file)
                table.writerow(rows[0].keys())
                for row in rows:
                    table.writerow("\\x" + cell.hex() if isinstance(cell, bytes) else cell for cell in row)

    def save(self, path, url, accept):
        try:
            content = self.get(url, accept)
        except urllib.error.URLError as error:
            print("no download:", url, error, file=sys.stderr)
            return
        with open(path, "wb") as file:
            file.write(content)

    def keep(self, out):
        """Task logs as they are; of the scheduler's output the lines that speak of these attempts."""
        for here, _, names in os.walk(f"{HOME}/logs"):
            below = os.path.relpath(here, f"{HOME}/logs")
            if below.split("/")[0] not in (DAG, f"dag_id={DAG}"):
                continue
            for name in names:
                os.makedirs(f"{out}/{below}", exist_ok=True)
                shutil.copyfile(f"{here}/{name}", f"{out}/{below}/{name}")
        words = (
            r"TaskInstance Finished|Executor reports|Detected |heartbeat|Setting task instance|Marking|state mismatch|Task finished"
            r"|Failed to execute|Failing|ombie|attribute is|exited with status"
        )
        sources = [(f"{HOME}/scheduler.log", "components/scheduler.log")]
        for pattern in ("dag_processor_manager/dag_processor_manager.log", f"scheduler/2*/{DAG}.py.log"):
            sources += [(path, os.path.relpath(path, f"{HOME}/logs")) for path in glob.glob(f"{HOME}/logs/{pattern}")]
        for path, name in sources:
            with open(path, encoding="utf-8", errors="replace") as file:
                kept = [line for line in file if re.search(words, line) and (DAG in line or "Task finished" in line)]
            if kept:
                os.makedirs(os.path.dirname(f"{out}/{name}"), exist_ok=True)
                with open(f"{out}/{name}", "w", encoding="utf-8") as file:
                    file.writelines(kept[:60])

    def truth(self, name):
        """One row per task log: its identity is where Airflow put it, its outcome is what the database said."""
        columns = {column["name"] for column in self.query("pragma table_info(task_instance)")}
        index = "map_index" if "map_index" in columns else "-1 as map_index"
        final = {(row["task_id"], row["map_index"]): row for row in self.query(f"select task_id, {index}, state, hostname from task_instance")}
        logs = []
        for here, _, names in os.walk(f"{OUT}/{name}"):
            for log in names:
                path = os.path.relpath(f"{here}/{log}", OUT)
                found = re.match(r"[^/]+/dag_id=([^/]+)/run_id=([^/]+)/task_id=([^/]+)(?:/map_index=(\d+))?/attempt=(\d+)\.log$", path)
                if not found:
                    found = re.match(rf"[^/]+/({DAG})/(?P<task>[^/]+)/(?P<run>[^/]+)(?:/(?P<index>\d+))?/(?P<try>\d+)\.log$", path)
                    if not found:
                        continue
                    dag, run, task, mapped, attempt = found[1], found["run"], found["task"], found["index"], found["try"]
                else:
                    dag, run, task, mapped, attempt = found.groups()
                logs.append((path, dag, run, task, int(mapped or -1), int(attempt)))
        for path, dag, run, task, mapped, attempt in sorted(logs):
            last = max(other[5] for other in logs if other[3:5] == (task, mapped))
            row = final[task, mapped]
            state = row["state"] if attempt == last else "up_for_retry"
            if state == "up_for_retry" and "up_for_retry" not in self.seen[task, mapped]:
                print("never seen waiting for its retry:", path, file=sys.stderr)
            yield {
                "path": path,
                "version": self.version,
                "dag_id": dag,
                "run_id": run,
                "task_id": task,
                "map_index": mapped,
                "try": attempt,
                "outcome": state,
                "host": row["hostname"] or HOST,
                "states_seen": self.seen[task, mapped],
            }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version", choices=VERSIONS)
    parser.add_argument("--timezone", default="UTC")
    parser.add_argument("--exports", action="store_true")
    options = parser.parse_args()
    name = f"airflow-{options.version}"
    if options.timezone != "UTC":
        name += "-" + options.timezone.rpartition("/")[2].lower().replace("_", "-")
    work = os.path.join(os.environ.get("WORK", "/var/tmp/dialects"), name)
    if "LAB_INSIDE" not in os.environ:
        shutil.rmtree(work + "/home", ignore_errors=True)
        enter(work, os.environ["PYTHON_PREFIX"], options.version)
    lab = Lab(options.version, options.timezone)
    lab.prepare()
    lab.play()
    out = f"{OUT}/{name}"
    shutil.rmtree(out, ignore_errors=True)
    lab.keep(out)
    lab.download(out, options.exports)
    rows = list(lab.truth(name))
    table = f"{OUT}/truth.jsonl"
    lock = open(work + "/../lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    old = open(table).readlines() if os.path.exists(table) else []
    lines = [line for line in old if not json.loads(line)["path"].startswith(name + "/")]
    lines += [json.dumps(row) + "\n" for row in rows]
    with open(table, "w") as file:
        file.writelines(sorted(lines, key=lambda line: json.loads(line)["path"]))
    lab.stop()


if __name__ == "__main__":
    main()
