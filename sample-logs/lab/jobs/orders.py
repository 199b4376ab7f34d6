"""Exchange orders, returns, stock and events with the order system."""

import http.client
import json
import logging
import time
import urllib.request

import httpx
import requests

log = logging.getLogger(__name__)
BASE = "http://orders-api.example.internal:8080"


def post_orders(batches=8):
    session = requests.Session()
    for number in range(1, batches + 1):
        orders = [{"id": number * 1000 + i, "lines": i % 7} for i in range(40)]
        start = time.monotonic()
        log.info("POST %s/v1/orders batch %d/%d", BASE, number, batches)
        response = session.post(f"{BASE}/v1/orders", json=orders, timeout=(3, 10))
        response.raise_for_status()
        log.info("batch %d/%d: %d in %.2f s", number, batches, response.status_code, time.monotonic() - start)
        time.sleep(1.5)


def fetch_returns(pages=9):
    found = 0
    for page in range(1, pages + 1):
        start = time.monotonic()
        with urllib.request.urlopen(f"{BASE}/v1/returns?page={page}", timeout=10) as response:
            found += len(json.load(response)["items"])
        print(f"returns page {page}: {found} so far, {time.monotonic() - start:.2f} s")
        time.sleep(1.3)


def push_stock(rounds=8):
    for number in range(rounds):
        conn = http.client.HTTPConnection("orders-api.example.internal", 8080, timeout=10)
        conn.request("PUT", f"/v1/stock/{number}", json.dumps({"sku": number, "level": 12}))
        response = conn.getresponse()
        if response.status >= 400:
            raise RuntimeError(f"PUT /v1/stock/{number}: HTTP {response.status} {response.reason}: {response.read().decode()}")
        response.read()
        time.sleep(1.6)
    log.info("%d stock levels written", rounds)


def export_events(shop):
    with httpx.Client(base_url=BASE, timeout=10) as client:
        for hour in range(0, 24, 3):
            response = client.post("/v1/events", json={"shop": shop, "hour": hour})
            response.raise_for_status()
            log.info("shop %s hour %02d: %d", shop, hour, response.status_code)
            time.sleep(1.5)
