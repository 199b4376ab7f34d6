"""Demand forecast."""

import logging

import requests

log = logging.getLogger(__name__)
BASE = "http://forecast-api.example.internal:8080"


def prepare_input():
    response = requests.get(f"{BASE}/v1/models", timeout=10)
    response.raise_for_status()
    log.info("model list: %d entries", len(response.json()["items"]))


def request_forecast():
    log.info("POST %s/v1/forecasts weeks=13", BASE)
    response = requests.post(f"{BASE}/v1/forecasts", json={"weeks": 13})
    log.info("forecast %d", response.status_code)
