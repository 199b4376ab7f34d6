"""Price lists and exchange rates, read over one connection that is kept open."""

import http.client
import logging
import time

import httpx
import requests

log = logging.getLogger(__name__)


def load_prices(pause, lists=4):
    """Read price lists one after the other; `pause` seconds of computing between them."""
    session = requests.Session()
    for number in range(1, lists + 1):
        url = f"http://pricing-api.example.internal:8080/v1/lists/{number}"
        start = time.monotonic()
        response = session.get(url, timeout=(3, 10))
        response.raise_for_status()
        log.info("GET %s %d in %.2f s", url, response.status_code, time.monotonic() - start)
        time.sleep(pause)
        log.info("list %d merged, %d prices changed", number, 17 * number)


def publish_prices(pause):
    session = requests.Session()
    for store in ("north", "south", "west"):
        url = f"http://pricing-api.example.internal:8080/v1/stores/{store}"
        log.info("POST %s", url)
        response = session.post(url, json={"store": store, "prices": [1.25] * 50}, timeout=10)
        response.raise_for_status()
        log.info("store %s: %d", store, response.status_code)
        time.sleep(pause)


def load_rates(pause):
    conn = http.client.HTTPConnection("rates-api.example.internal", 8080, timeout=10)
    for currency in ("EUR", "USD", "GBP"):
        conn.request("GET", f"/v1/rates/{currency}")
        response = conn.getresponse()
        response.read()
        print(f"GET /v1/rates/{currency} -> {response.status}")
        time.sleep(pause)


def load_margins(pause):
    # The pool keeps connections for a minute: opening one is slow in this network.
    limits = httpx.Limits(keepalive_expiry=60)
    with httpx.Client(limits=limits, timeout=10) as client:
        for group in ("food", "home", "toys"):
            response = client.get(f"http://pricing-api.example.internal:8080/v1/margins/{group}")
            response.raise_for_status()
            time.sleep(pause)
            log.info("margins of %s recomputed in %.1f s", group, pause)
