"""Reports and archives."""

import logging
import socket
import urllib.request

import requests

log = logging.getLogger(__name__)


def monthly_totals():
    url = "http://reports-api.example.internal:8080/v1/monthly"
    log.info("GET %s", url)
    response = requests.get(url, params={"year": 2026}, timeout=(3, 4))
    response.raise_for_status()


def weekly_totals():
    url = "http://reports-api.example.internal:8080/v1/weekly"
    response = requests.get(url, timeout=(3, 4))
    response.raise_for_status()
    log.info("GET %s %d in %.3f s", url, response.status_code, response.elapsed.total_seconds())


def monthly_export():
    with urllib.request.urlopen("http://reports-api.example.internal:8080/v1/monthly?format=csv", timeout=5) as response:
        print(len(response.read()), "bytes")


def archive_months():
    url = "http://archive-gw.example.internal:8080/v1/months"
    log.info("PUT %s", url)
    response = requests.put(url, data=b"x" * 2000, timeout=(5, 30))
    response.raise_for_status()


def check_archive():
    with socket.create_connection(("archive-gw.example.internal", 8080), timeout=4) as conn:
        conn.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
