"""Ledger entries and balances, over TLS."""

import logging
import os
import ssl
import urllib.request

import requests

log = logging.getLogger(__name__)


def post_entries():
    url = "https://ledger-gw.example.internal:8443/v1/entries"
    log.info("POST %s", url)
    response = requests.post(url, json={"entries": 12}, timeout=10)
    response.raise_for_status()


def read_periods():
    context = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
    with urllib.request.urlopen("https://ledger-gw.example.internal:8443/v1/periods", timeout=10, context=context) as response:
        print(response.status)


def check_balance():
    url = "https://billing-api.example.internal:8443/v1/balance"
    response = requests.get(url, timeout=10)
    response.raise_for_status()
    log.info("GET %s %d in %.2f s", url, response.status_code, response.elapsed.total_seconds())
