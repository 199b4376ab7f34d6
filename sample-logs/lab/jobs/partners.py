"""Feeds of partners: one GET each, with whatever client the team liked."""

import json
import logging
import os
import ssl
import urllib.request

import httpx
import requests

log = logging.getLogger(__name__)


def fetch_requests(url):
    log.info("GET %s", url)
    response = requests.get(url, timeout=10)
    response.raise_for_status()
    log.info("%d items", len(response.json()["items"]))


def fetch_urllib(url):
    context = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
    with urllib.request.urlopen(url, timeout=10, context=context) as response:
        print(f"GET {url} {response.status}: {len(json.load(response)['items'])} items")


def fetch_httpx(url):
    response = httpx.get(url, timeout=10)
    response.raise_for_status()
    log.info("GET %s %d", url, response.status_code)


def regional_totals(region):
    url = "http://catalog-api.example.internal:8080/v1/regions/" + region
    response = requests.get(url, timeout=10)
    response.raise_for_status()
    log.info("GET %s %d; total %d", url, response.status_code, sum(response.json()["items"]))
