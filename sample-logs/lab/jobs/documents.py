"""Send scans, forms and receipts to the document intake."""

import json
import logging
import urllib.request

import requests

log = logging.getLogger(__name__)
BASE = "http://ingest-api.example.internal:8080"


def send_scans():
    body = b"\x89PNG" + b"s" * 2_600_000
    log.info("POST %s/v1/scans (%d bytes)", BASE, len(body))
    response = requests.post(f"{BASE}/v1/scans", data=body, timeout=20)
    if not response.ok:
        log.error("intake answered %d: %s", response.status_code, response.text)
    response.raise_for_status()


def send_form():
    request = urllib.request.Request(
        f"{BASE}/v1/forms", json.dumps({"invoice": 8812, "invoice_date": "21.11.26"}).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=20) as response:
        print(response.status)


def send_receipts(count=5):
    for number in range(count):
        response = requests.post(f"{BASE}/v1/receipts", json={"receipt": number, "amount": 401 + number}, timeout=20)
        response.raise_for_status()
        log.info("receipt %d: %d", number, response.status_code)
