"""Manifests, parcels and pallets."""

import logging
import time

import requests

import lab_env

log = logging.getLogger(__name__)
BASE = "http://delivery-api.example.internal:8080"
PALLETS = {
    "north": [{"id": 71, "kg": 412}, {"id": 72, "kg": 388}],
    "harbour": [{"id": 80, "kg": 501}, {"id": 81}],
    "south": [{"id": 90, "kg": 137}],
}


def manifest_is_complete(batch):
    response = requests.get(f"{BASE}/v1/manifest", headers={"X-Batch": batch}, timeout=10)
    response.raise_for_status()
    log.info("GET %s/v1/manifest %d: %s", BASE, response.status_code, response.text)
    return response.json()["ready"]


def pack_parcels(pallets=9):
    lab_env.show_supervisor("pack_parcels")
    for number in range(1, pallets + 1):
        log.info("pallet %d/%d packed", number, pallets)
        time.sleep(1)


def print_manifest(pages=9):
    lab_env.show_supervisor("print_manifest")
    for page in range(1, pages + 1):
        print(f"page {page} of {pages}")
        time.sleep(1)


def weigh_pallets(site):
    total = 0
    for pallet in PALLETS[site]:
        total += pallet["kg"]
        log.info("pallet %d: %d kg so far", pallet["id"], total)
