"""Driver of the lab; run.sh calls it inside fresh namespaces.

    run.py 2.10|3.1|3.3 WORK   run one Airflow, play all phases, copy the logs, write the truth
    run.py check WORK          count attempts by cause
"""

import collections
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import sites
import truth

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.dirname(HERE)
# Where Airflow lives inside the mount namespace, so that paths in tracebacks are ordinary ones.
HOME = "/opt/airflow"
PYTHON = HOME + "/venv/bin/python"


def run(*command, **options):
    return subprocess.run(command, check=True, **options)


def note(text):
    print(time.strftime("%H:%M:%S"), text, flush=True)


def wait_for_port(port, seconds=120):
    """Wait until something listens on a local port."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError(f"nothing listens on port {port}")


class Lab:
    """One Airflow with its database and its servers."""

    def __init__(self, version, work):
        self.version, self.work = version, work
        self.tree = f"airflow-{version}"
        self.state = os.path.join(work, f"state-{version}")
        self.logs = os.path.join(work, f"logs-{version}")
        self.out = os.path.join(work, f"out-{version}")
        self.processes = {}
        for folder in (self.state, self.logs, self.out):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)

    # --- the world around Airflow ---

    def build_network(self):
        run("ip", "link", "set", "lo", "up")
        archive, port = sites.SITES["archive-gw"][:2]
        run("iptables", "-A", "OUTPUT", "-d", archive, "-p", "tcp", "--dport", str(port), "-j", "DROP")
        hosts = ["127.0.0.1 localhost"]
        hosts += [f"{sites.SITES[name][0]} {name}.{sites.DOMAIN}" for name in sorted(sites.IN_HOSTS_FILE)]
        self.overlay("/etc/hosts", "\n".join(hosts) + "\n")
        self.overlay("/etc/resolv.conf", f"nameserver {sites.DNS_ADDRESS}\noptions timeout:2 attempts:1\n")

    def overlay(self, path, text):
        """Give this mount namespace its own version of a file."""
        copy = os.path.join(self.state, os.path.basename(path))
        with open(copy, "w") as file:
            file.write(text)
        run("mount", "--bind", copy, path)

    def build_home(self):
        run("mount", "-t", "tmpfs", "tmpfs", "/opt")
        for folder in ("venv", "logs", "tls"):
            os.makedirs(f"{HOME}/{folder}")
        run("mount", "--bind", f"{self.work}/v{self.version}", HOME + "/venv")
        run("mount", "--bind", self.logs, HOME + "/logs")
        # Byte code made elsewhere would carry the paths of elsewhere into tracebacks.
        sources = shutil.ignore_patterns("__pycache__")
        shutil.copytree(f"{HERE}/dags", HOME + "/dags", ignore=sources)
        shutil.copytree(f"{HERE}/jobs", HOME + "/lib/jobs", ignore=sources)
        for module in ("lab_env.py", "airflow_side.py", "airflow_names.py"):
            shutil.copy(f"{HERE}/{module}", HOME + "/lib")
        os.chdir(HOME)  # Python looks for modules in the current folder first

    def build_certificates(self):
        """A CA that clients trust, a certificate from it, and a self-signed one."""
        tls = HOME + "/tls/"
        new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "365"]
        quiet = {"stderr": subprocess.DEVNULL, "cwd": tls}
        run(*new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Example Internal CA", **quiet)
        run(*new, "-keyout", "self-signed.key", "-out", "self-signed.pem", "-subj", "/CN=ledger-gw.example.internal",
            "-addext", "subjectAltName=DNS:ledger-gw.example.internal", **quiet)
        run(*new, "-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "issued.key", "-out", "issued.pem",
            "-subj", "/CN=billing-api.example.internal", "-addext", "basicConstraints=critical,CA:FALSE",
            "-addext", "subjectAltName=DNS:billing-api.example.internal", **quiet)

    def start_database(self):
        """A PostgreSQL on a unix socket: tasks without network still reach it."""
        data, sock = f"{self.work}/pg-{self.version}", f"{self.work}/pgsock"
        shutil.rmtree(data, ignore_errors=True)
        for folder in (data, sock):
            os.makedirs(folder, exist_ok=True)
            shutil.chown(folder, "postgres", "postgres")
        binaries = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        user = ("runuser", "-u", "postgres", "--")
        run(*user, f"{binaries}/initdb", "-D", data, "-A", "trust", "-N", stdout=subprocess.DEVNULL)
        options = f"-k {sock} -c listen_addresses= -c fsync=off -c max_connections=200"
        run(*user, f"{binaries}/pg_ctl", "-w", "-D", data, "-o", options, "-l", f"{data}/log", "start", stdout=subprocess.DEVNULL)
        run(*user, f"{binaries}/createuser", "-h", sock, "-s", "airflow")
        run(*user, f"{binaries}/createdb", "-h", sock, "-O", "airflow", "airflow")
        return f"postgresql+psycopg2://airflow@/airflow?host={sock}"

    def start_servers(self):
        self.spawn("server", [sys.executable, f"{HERE}/faulty_server.py", "serve", "--tls", HOME + "/tls", "--except", "inventory-api"])
        self.start_inventory()
        time.sleep(1)

    def start_inventory(self):
        self.spawn("inventory", [sys.executable, f"{HERE}/faulty_server.py", "serve", "--only", "inventory-api"])

    def spawn(self, name, command, **options):
        output = open(f"{self.out}/{name}.log", "ab")
        self.processes[name] = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)

    # --- Airflow ---

    def environment(self, database):
        settings = {
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": "8",
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__DAGS_FOLDER": HOME + "/dags",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__HOSTNAME_CALLABLE": "lab_env.hostname",
            "CORE__EXECUTION_API_SERVER_URL": "http://127.0.0.1:8780/execution/",
            "DATABASE__SQL_ALCHEMY_CONN": database,
            "LOGGING__BASE_LOG_FOLDER": HOME + "/logs",
            "LOGGING__COLORED_CONSOLE_LOG": "False",
            "SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "120",
            "SCHEDULER__PARSING_PROCESSES": "1",
            "SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "SCHEDULER__USE_JOB_SCHEDULE": "False",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "40",  # Airflow 3; story q waits for it
            "API__WORKERS": "1",
            "API__HOST": "127.0.0.1",  # other addresses of 127/8 use the ordinary ports
            "API__PORT": "8780",
            "API__SECRET_KEY": "a-secret-of-the-lab",
            "API_AUTH__JWT_SECRET": "a-secret-of-the-lab-that-is-long-enough-for-sha512-signatures-0123456789",
        }
        keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TERM") if name in os.environ}
        return {
            **keep,
            **{"AIRFLOW__" + name: value for name, value in settings.items()},
            "AIRFLOW_HOME": HOME,
            "PYTHONPATH": HOME + "/lib",
            "LAB_STATE": self.state,
            "REQUESTS_CA_BUNDLE": HOME + "/tls/ca.pem",
        }

    def start_airflow(self):
        self.env = self.environment(self.start_database())
        self.airflow("db", "migrate")
        if self.version != "2.10":
            self.start_part("api-server")
            wait_for_port(8780)  # tasks fail when the API is not up yet
            self.start_part("dag-processor")
        if self.version == "3.3":
            self.start_part("triggerer")
        self.start_scheduler("scheduler-first")

    def start_scheduler(self, name):
        """Start the scheduler, after the one that runs; one sample of its output is enough."""
        for old in ("scheduler-first", "scheduler"):
            if old in self.processes:
                self.processes[old].terminate()
                self.processes[old].wait()
        self.start_part("scheduler", name)

    def start_part(self, part, name=None):
        self.spawn(name or part, [PYTHON, "-m", "airflow", part], env=self.env)

    def airflow(self, *arguments):
        with open(f"{self.out}/setup.log", "ab") as output:
            run(PYTHON, "-m", "airflow", *arguments, env=self.env, stdout=output, stderr=subprocess.STDOUT)

    def play(self, *dag_ids, meanwhile=None, **conf):
        """Trigger DAGs and wait; `meanwhile` runs once they are on their way."""
        note("runs " + ", ".join(dag_ids))
        runs = json.dumps([[dag_id, conf] for dag_id in dag_ids])
        with open(f"{self.out}/player.log", "ab") as output:
            player = subprocess.Popen(
                [PYTHON, f"{HOME}/lib/airflow_side.py", "play", runs], env=self.env, stdout=output, stderr=subprocess.STDOUT
            )
        if meanwhile:
            meanwhile()
        player.wait()

    # --- the phases ---

    def phases(self):
        quiet = ["orders_sync", "stock_levels", "web_events", "inventory_load", "partner_feeds", "daily_checks"]
        self.play(*quiet)
        self.play("feature_store", "pricing_refresh", "reports_pull", "document_intake", blocks=12)
        self.overload()
        self.play("crm_export", "ledger_close", "store_prices", "tax_tables", "shipping_labels")
        self.play("inventory_load", "demand_forecast", meanwhile=self.restart_inventory)
        self.start_scheduler("scheduler")  # from here on its output is kept
        self.play("feature_store", "nightly_files", blocks=60)
        if self.version == "2.10":
            self.offline("worker-c.example.internal")
        if self.version == "3.3":
            self.play("parcel_delivery", meanwhile=self.kill_supervisors)
        self.play("orders_sync", "pricing_refresh")

    def overload(self):
        self.spawn("load", [sys.executable, f"{HERE}/faulty_server.py", "load", "--site", "orders-api",
                            "--clients", "12", "--ramp", "30", "--seconds", "75"])
        self.play("orders_sync", "stock_levels", "web_events", meanwhile=self.second_wave)
        self.processes["load"].wait()

    def second_wave(self):
        """More runs once the server is full; their later tries come after the load."""
        time.sleep(30)
        self.play("orders_sync")

    def restart_inventory(self):
        """Kill the inventory server while it works on three requests, start it again later."""
        address = "0D01007F:1F90"  # 127.0.1.13:8080 as /proc/net/tcp spells it
        for _ in range(600):
            with open("/proc/net/tcp") as table:
                established = sum(line.split()[1] == address and line.split()[3] == "01" for line in table)
            if established >= 3:
                break
            time.sleep(0.1)
        time.sleep(1)
        note(f"kills the inventory server, {established} connections open")
        self.processes["inventory"].send_signal(signal.SIGKILL)
        self.processes["inventory"].wait()
        time.sleep(14)
        self.start_inventory()
        note("inventory server is back")

    def kill_supervisors(self):
        """Kill the supervisors of two tasks at once, as a host does that goes down."""
        files = [os.path.join(self.state, f"supervisor-{task}") for task in ("pack_parcels", "print_manifest")]
        for _ in range(600):
            if all(map(os.path.exists, files)):
                break
            time.sleep(0.1)
        time.sleep(4)
        for name in files:
            with open(name) as file:
                pid = int(file.read())
            note(f"kills supervisor {pid}")
            os.kill(pid, signal.SIGKILL)

    def offline(self, host):
        marker = os.path.join(self.state, "offline_host")
        with open(marker, "w") as file:
            file.write(host)
        self.play("partner_feeds", "daily_checks")
        os.remove(marker)

    # --- results ---

    def collect(self):
        dump = run(PYTHON, f"{HOME}/lib/airflow_side.py", "dump", env=self.env, stdout=subprocess.PIPE,
                   stderr=subprocess.DEVNULL, text=True).stdout
        attempts = [json.loads(line) for line in dump.splitlines() if line.startswith("{")]
        tree = os.path.join(SAMPLES, self.tree)
        shutil.rmtree(tree, ignore_errors=True)
        os.makedirs(tree + "/components")
        for name in ("scheduler.log", "triggerer.log"):
            if os.path.exists(f"{self.out}/{name}"):
                publish(f"{self.out}/{name}", f"{tree}/components/{name}")
        if self.version == "3.3" and (lines := oom_lines()):
            with open(tree + "/components/kernel.log", "w") as file:
                file.writelines(lines)
        rows = []
        for attempt in attempts:
            parts = [f"{key}={attempt[key]}" for key in ("dag_id", "run_id", "task_id")]
            if attempt["map_index"] >= 0:
                parts.append(f"map_index={attempt['map_index']}")
            name = "/".join(parts) + f"/attempt={attempt['try']}.log"
            source = os.path.join(self.logs, name)
            if not os.path.exists(source):
                note(f"no log: {name} ({attempt['outcome']})")
                continue
            target = os.path.join(tree, name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            publish(source, target)
            for trigger in glob.glob(glob.escape(source) + ".trigger.*.log"):
                publish(trigger, os.path.join(os.path.dirname(target), os.path.basename(trigger)))
            with open(source, encoding="utf-8") as file:
                row, complaint = truth.row(attempt, f"{self.tree}/{name}", file.read())
            if complaint:
                note(f"NOT AS PLANNED: {name}: {attempt['outcome']}, {complaint}")
            rows.append(row)
        write_truth(self.tree, rows)

    def stop(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def oom_lines():
    """What the kernel said of its last OOM kill in story e, without registers and call trace; nothing where its log cannot be read."""
    kernel = subprocess.run(["dmesg", "--time-format", "iso"], stdout=subprocess.PIPE, text=True).stdout.splitlines(keepends=True)
    kills = [number for number, line in enumerate(kernel) if "oom_memcg=/feature-store" in line]
    if not kills:
        return []
    end = kills[-1] + 2  # the line after it says who was killed
    first = max(number for number, line in enumerate(kernel[:end]) if "invoked oom-killer" in line)
    said = re.compile(r"oom-kill|out of memory|memory: usage|Tasks state|\[[ \d]+\]|\[ +pid")
    return [line for line in kernel[first:end] if said.search(line)]


def publish(source, target):
    """Copy a log; the standard library's frames get the usual place of a container's Python instead of this machine's."""
    with open(source, "rb") as file:
        text = file.read()
    with open(target, "wb") as file:
        file.write(text.replace(sys.base_prefix.encode() + b"/", b"/usr/local/"))


def write_truth(tree, rows):
    """Replace the rows of one tree in truth.jsonl."""
    path = os.path.join(SAMPLES, "truth.jsonl")
    kept = []
    if os.path.exists(path):
        with open(path) as file:
            kept = [json.loads(line) for line in file]
    kept = [row for row in kept if not row["path"].startswith(tree + "/")]
    with open(path, "w") as file:
        for row in sorted(kept + rows, key=lambda row: row["path"]):
            file.write(json.dumps(row) + "\n")


def check():
    with open(os.path.join(SAMPLES, "truth.jsonl")) as file:
        rows = [json.loads(line) for line in file]
    counts = collections.Counter((row["path"].split("/")[0], row["story"] or "-", row["cause"]) for row in rows)
    for (tree, story, cause), count in sorted(counts.items()):
        print(f"{tree:14} {story:9} {cause:34} {count:4}")
    size = sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(SAMPLES) for name in names)
    print(f"{len(rows)} attempts, {size / 1e6:.2f} MB")


def main():
    if sys.argv[1] == "check":
        return check()
    lab = Lab(sys.argv[1], sys.argv[2])
    lab.build_network()
    lab.build_home()
    lab.build_certificates()
    lab.start_servers()
    try:
        lab.start_airflow()
        lab.phases()
    finally:
        # Stop first: the executor's last words belong to the scheduler's output.
        note("stops")
        lab.stop()
    lab.collect()


if __name__ == "__main__":
    main()
