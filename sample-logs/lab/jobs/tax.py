"""Tax rates and invoices."""

import logging
import urllib.request

import requests

log = logging.getLogger(__name__)


def load_tax_rates():
    url = "http://tax-api.example.internal:8080/v2/rates"
    log.info("GET %s", url)
    requests.get(url, timeout=5).raise_for_status()


def load_duties():
    with urllib.request.urlopen("http://tax-api.example.internal:8080/v2/duties", timeout=5) as response:
        print(response.status)


def total_invoices():
    invoices = [{"id": 1, "net": 10.0, "vat_rate": 0.2}, {"id": 2, "net": 4.0, "vatrate": 0.2}]
    for invoice in invoices:
        gross = invoice["net"] * (1 + invoice["vat_rate"])
        log.info("invoice %d gross %.2f", invoice["id"], gross)
