"""Checks and messages around the loads."""

import logging
import os

import requests
import urllib3
from requests.adapters import HTTPAdapter

log = logging.getLogger(__name__)

RUNBOOK = """Runbook for the on-call engineer
  1. "ConnectionResetError: [Errno 104] Connection reset by peer": ask the owner of the endpoint whether it restarted.
  2. "Task exited with return code -9": look for the OOM killer in the host's kernel log.
  3. "Remote end closed connection without response": compare the idle time-outs.
  4. Exit code 137 is 128 + 9. HTTP 401, 502 and 503: see chapter 4.
  ERROR - Task failed with exception   <- this line is what to search for
"""


def row_checks():
    log.info("checks finished: 0 errors, failed=0, timeouts=0, rejected=0")
    log.info("rows: 502 loaded, 401 updated, 137 unchanged, 0 FAILED")
    log.error("no errors found in the error table (expected: none)")


def print_runbook():
    print(RUNBOOK)


def send_digest(run_id):
    """Send a message with a client that retries by itself."""
    retry = urllib3.Retry(total=3, backoff_factor=0.5, allowed_methods=None)
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=retry))
    response = session.post(
        "http://notify-api.example.internal:8080/v1/digests", json={"text": "ok"}, headers={"X-Batch": run_id}, timeout=10
    )
    response.raise_for_status()
    log.info("digest sent: %d", response.status_code)


def refresh_cache(run_id):
    """Prefer the fast source, fall back to the catalogue."""
    try:
        requests.get("http://notify-api.example.internal:8080/v1/cache", headers={"X-Batch": run_id + "/cache"}, timeout=5)
    except requests.ConnectionError:
        log.warning("the cache did not answer, reading the catalogue", exc_info=True)
    response = requests.get("http://catalog-api.example.internal:8080/v1/products", timeout=5)
    response.raise_for_status()
    log.info("catalogue read: %d", response.status_code)


def memory_report():
    with open("/proc/self/oom_score") as file:
        score = file.read().strip()
    log.info("OOM score %s, peak %d kB, killed children: 0", score, 181_137)
    log.info("limits: open files %s", os.sysconf("SC_OPEN_MAX"))
