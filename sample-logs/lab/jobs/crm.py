"""Contacts and segments of the customer system."""

import logging
import time

import httpx
import requests

log = logging.getLogger(__name__)
BASE = "http://crm-api.example.internal:8080"


def pull_contacts(pages=8):
    session = requests.Session()
    grant = session.post(f"{BASE}/oauth/token", data={"grant_type": "client_credentials"}, timeout=10).json()
    session.headers["Authorization"] = "Bearer " + grant["access_token"]
    log.info("token received, expires_in=%s", grant["expires_in"])
    for page in range(1, pages + 1):
        response = session.get(f"{BASE}/v1/contacts", params={"page": page}, timeout=10)
        log.info("GET /v1/contacts page %d/%d: %d", page, pages, response.status_code)
        if response.status_code == 401:
            log.warning("answer: %s", response.text)
        response.raise_for_status()
        time.sleep(1.5)  # match with the accounts


def pull_segments():
    with httpx.Client(base_url=BASE, timeout=10) as client:
        token = client.post("/oauth/token").json()["access_token"]
        response = client.get("/v1/segments", headers={"Authorization": f"Bearer {token}"})
        response.raise_for_status()
        log.info("%d segments", len(response.json()["items"]))


def push_consents():
    with httpx.Client(base_url=BASE, timeout=10) as client:
        token = client.post("/oauth/token").json()["access_token"]
        for region in ("north", "east", "south", "west", "overseas"):
            response = client.post(f"/v1/consents/{region}", headers={"Authorization": f"Bearer {token}"})
            response.raise_for_status()
            time.sleep(1.9)
