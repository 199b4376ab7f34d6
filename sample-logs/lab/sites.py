"""The endpoints of the lab: name, address, port and how each one behaves.

The server, the name resolution and the driver all read this table; the jobs
spell the host names out, as code in production does.
"""

DOMAIN = "example.internal"

# name: (address, port, behaviour class in faulty_server.py, keyword arguments)
SITES = {
    "orders-api": ("127.0.1.10", 8080, "Saturating", {"slots": 6}),
    "catalog-api": ("127.0.1.11", 8080, "Site", {}),
    "pricing-api": ("127.0.1.12", 8080, "IdleClosing", {"idle": 5.0, "reset": True}),
    "rates-api": ("127.0.1.24", 8080, "IdleClosing", {"idle": 5.0, "reset": False}),
    "inventory-api": ("127.0.1.13", 8080, "SlowReset", {"delay": 6.0}),
    "reports-api": ("127.0.1.14", 8080, "SlowPaths", {"slow": {"/v1/monthly": 12.0}}),
    "archive-gw": ("127.0.1.15", 8080, "Site", {}),  # its packets are dropped by iptables
    "ingest-api": ("127.0.1.16", 8080, "Intake", {"max_body": 1_000_000}),
    "crm-api": ("127.0.1.17", 8080, "TokenIssuer", {"lifetime": 6.0}),
    "ledger-gw": ("127.0.1.18", 8443, "Site", {"cert": "self-signed"}),
    "billing-api": ("127.0.1.19", 8443, "Site", {"cert": "issued"}),
    "forecast-api": ("127.0.1.20", 8080, "SlowPaths", {"slow": {"/v1/forecasts": 600.0}}),
    "shipping-api": ("127.0.1.21", 8080, "FailFirst", {"times": 2, "path": "/v1/labels"}),
    "loyalty-api": ("127.0.1.23", 8080, "Site", {}),
    "notify-api": ("127.0.1.25", 8080, "CloseFirst", {"times": 2}),
    "delivery-api": ("127.0.1.26", 8080, "ReadyLater", {"times": 3}),
    # Nothing listens here: these services are down for the whole run.
    "tax-api": ("127.0.1.22", 8080, None, {}),
    "customs-api": ("127.0.1.27", 8080, None, {}),
    # Opened by a task of the feature_store DAG, not by the lab.
    "features": ("127.0.1.30", 9000, None, {}),
}

# These names stand in /etc/hosts; all others are answered by the lab's DNS.
# On a host without network the first kind fails at connect and the second kind
# at name resolution.
IN_HOSTS_FILE = {"loyalty-api", "billing-api"}

DNS_ADDRESS = "127.0.0.53"
