"""What the lab puts under Airflow: which worker host runs a task, and with what limits.

One machine plays several worker hosts. Airflow asks `hostname` (its setting
core.hostname_callable) for the host's name; the answer is chosen from the task
the calling process runs, which stands in its process title.
"""

import ast
import ctypes
import os
import re
import zlib

import setproctitle

HOSTS = [f"worker-{letter}.example.internal" for letter in "abcd"]

# Where attempt 1, 2, ... of a task runs; the last entry holds for later ones.
# Tasks that are not listed are spread by a checksum of their identity.
PLACEMENT = {
    ("feature_store", "build_shards"): "b",
    ("feature_store", "fetch_east"): "a",
    ("feature_store", "fetch_west"): "d",
    ("partner_feeds", "fetch_loyalty"): "ca",
    ("partner_feeds", "fetch_catalog"): "cb",
    ("partner_feeds", "fetch_billing"): "cd",
    ("partner_feeds", "fetch_rates"): "cc",
    ("partner_feeds", "fetch_tracking"): "a",
    ("partner_feeds", "fetch_products"): "b",
    ("partner_feeds", "fetch_invoices"): "d",
    ("orders_sync", "post_orders"): "ab",
    ("orders_sync", "fetch_returns"): "ba",
    ("stock_levels", "push_stock"): "da",
}

CLONE_NEWNET = 0x40000000


def hostname():
    """The name of the worker host for the calling process."""
    if "LAB_HOST" in os.environ:
        return os.environ["LAB_HOST"]
    title = setproctitle.getproctitle()
    if "task supervisor: [" in title:  # Airflow 2: one supervisor process per attempt
        host = _place_command(ast.literal_eval(title.partition(": ")[2]))
        os.environ["LAB_HOST"] = host  # the task process is forked from this one
        if host == _offline_host():
            _leave_network()
        return host
    if ids := re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", title):  # Airflow 3: id of the attempt
        return HOSTS[zlib.crc32(ids[0].encode()) % len(HOSTS)]
    return "scheduler.example.internal"


def _place_command(command):
    """Choose the host for ['airflow', 'tasks', 'run', dag, task, run, ...]."""
    dag_id, task_id, run_id = command[3:6]
    map_index = command[command.index("--map-index") + 1] if "--map-index" in command else "-1"
    key = f"{dag_id}.{task_id}.{run_id}.{map_index}"
    letters = PLACEMENT.get((dag_id, task_id))
    if not letters:
        return HOSTS[zlib.crc32(key.encode()) % len(HOSTS)]
    # One byte per attempt counts the attempts; Airflow does not pass the number on.
    with open(os.path.join(os.environ["LAB_STATE"], key.replace("/", "_")), "ab") as counter:
        counter.write(b".")
        attempt = counter.tell()
    return f"worker-{letters[min(attempt, len(letters)) - 1]}.example.internal"


def _offline_host():
    try:
        with open(os.path.join(os.environ["LAB_STATE"], "offline_host")) as file:
            return file.read().strip()
    except FileNotFoundError:
        return None


def _leave_network():
    """Move this process into an empty network namespace (its loopback is down too).

    The metadata database stays reachable: it is used over a unix socket.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def show_supervisor(task):
    """Tell the driver which process supervises this task: it is the one to kill."""
    name = os.path.join(os.environ["LAB_STATE"], "supervisor-" + task)
    with open(name + ".new", "w") as file:
        file.write(str(os.getppid()))
    os.rename(name + ".new", name)


def join_memory_limit(name, megabytes):
    """Put this process into a memory cgroup, so that the kernel kills it beyond the limit."""
    if os.path.isdir("/sys/fs/cgroup/memory"):
        root, limit = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
    else:
        root, limit = "/sys/fs/cgroup", "memory.max"
    group = os.path.join(root, name)
    os.makedirs(group, exist_ok=True)
    with open(os.path.join(group, limit), "w") as file:
        file.write(str(megabytes << 20))
    with open(os.path.join(group, "cgroup.procs"), "w") as file:
        file.write(str(os.getpid()))
