"""Parcel labels and tracking."""

import logging

import requests

log = logging.getLogger(__name__)
BASE = "http://shipping-api.example.internal:8080"


def create_labels(run_id):
    response = requests.post(f"{BASE}/v1/labels", json={"parcels": 31}, headers={"X-Batch": run_id}, timeout=10)
    log.info("POST %s/v1/labels %d", BASE, response.status_code)
    response.raise_for_status()
    log.info("31 labels created")


def fetch_tracking():
    response = requests.get(f"{BASE}/v1/tracking", timeout=10)
    response.raise_for_status()
    log.info("GET %s/v1/tracking %d", BASE, response.status_code)
