"""Bins, lots and counts of the warehouses."""

import json
import logging
import time
import urllib.request

import httpx
import requests

log = logging.getLogger(__name__)
BASE = "http://inventory-api.example.internal:8080"


def sync_bins():
    log.info("GET %s/v1/bins", BASE)
    response = requests.get(f"{BASE}/v1/bins", timeout=30)
    response.raise_for_status()
    log.info("%d bins", len(response.json()["items"]))


def sync_lots():
    with urllib.request.urlopen(f"{BASE}/v1/lots", timeout=30) as response:
        print("lots:", len(json.load(response)["items"]))


def sync_counts():
    log.info("POST %s/v1/counts", BASE)
    response = httpx.post(f"{BASE}/v1/counts", json={"site": 4, "counts": [3] * 200}, timeout=30)
    response.raise_for_status()


def write_summary():
    time.sleep(9)  # aggregates local files first
    response = requests.put(f"{BASE}/v1/summary", json={"bins": 20}, timeout=30)
    response.raise_for_status()
    log.info("summary stored: %d", response.status_code)
