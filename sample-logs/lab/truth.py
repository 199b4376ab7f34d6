"""What was planted where, and the rows of truth.jsonl made from it.

A plan says what a failure of a task must look like. The outcome, the host and
the times come from Airflow's metadata database, never from the plan.
"""

import re

CLOSED = r"Remote end closed connection without response|Server disconnected without sending"
RESET = r"\[Errno 104\]|Connection reset by peer"


class Plan:
    """Expectation for the failing attempts of one task."""

    def __init__(self, endpoint=None, client=None, cause=None, expect=None, story=None, story_cause=None, note="", calm=None):
        self.endpoint, self.client, self.cause, self.expect = endpoint, client, cause, expect
        self.story, self.story_cause, self.note = story, story_cause, note
        self.calm = calm  # why a healthy log of this task looks alarming


def overload(client, path):
    return Plan(f"orders-api.example.internal:8080{path}", client, "by surface", None, "a", "server_overload",
                "the server was full: slower answers, 503, then connections closed")


def idle(client, endpoint, pause):
    return Plan(endpoint, client, "keepalive_idle_close", CLOSED + "|" + RESET, "b", "keepalive_idle_close",
                f"idle for {pause} s on a kept connection; the server side forgets it after 5 s")


def restart(client, path):
    return Plan(f"inventory-api.example.internal:8080{path}", client, "by surface", None, "c", "server_restart",
                "the server process was killed and started again 14 s later")


def feature(client):
    return Plan("features.example.internal:9000", client, "peer_oom_killed",
                "IncompleteRead|ChunkedEncodingError|" + RESET, "e", "worker_oom_kill",
                "fetched from build_shards while the kernel killed it")


SILENT = Plan(None, None, "heartbeat_lost", None, "q", "heartbeat_lost", "the supervisor was killed (SIGKILL); the log just stops")
CATALOG = "catalog-api.example.internal:8080"
PRICING = "pricing-api.example.internal:8080"
RATES = "rates-api.example.internal:8080"
NOTIFY = "notify-api.example.internal:8080"
DELIVERY = "delivery-api.example.internal:8080"

PLANS = {
    ("orders_sync", "post_orders"): overload("requests", "/v1/orders"),
    ("orders_sync", "fetch_returns"): overload("urllib", "/v1/returns"),
    ("stock_levels", "push_stock"): overload("http.client", "/v1/stock"),
    ("stock_levels", "read_catalog"): Plan(CATALOG, "requests"),
    ("web_events", "export_events"): overload("httpx", "/v1/events"),
    ("pricing_refresh", "load_lists"): idle("requests", PRICING, 7),
    ("pricing_refresh", "load_margins"): idle("httpx", PRICING, 6.2),
    ("pricing_refresh", "load_promotions"): Plan(PRICING, "requests"),
    ("store_prices", "publish_prices"): idle("requests", PRICING, 8),
    ("store_prices", "load_rates"): idle("http.client", RATES, 6.5),
    ("store_prices", "load_rates_fast"): Plan(RATES, "http.client"),
    ("inventory_load", "sync_bins"): restart("requests", "/v1/bins"),
    ("inventory_load", "sync_lots"): restart("urllib", "/v1/lots"),
    ("inventory_load", "sync_counts"): restart("httpx", "/v1/counts"),
    ("inventory_load", "write_summary"): restart("requests", "/v1/summary"),
    ("reports_pull", "monthly_totals"): Plan("reports-api.example.internal:8080/v1/monthly", "requests", "read_timeout",
        r"Read timed out. \(read timeout=4\)", "d-read", "read_timeout", "answer takes 12 s, the client waits 4 s"),
    ("reports_pull", "monthly_export"): Plan("reports-api.example.internal:8080/v1/monthly", "urllib", "read_timeout",
        "TimeoutError: timed out|\"TimeoutError\"", "d-read", "read_timeout", "answer takes 12 s, the client waits 5 s"),
    ("reports_pull", "weekly_totals"): Plan("reports-api.example.internal:8080/v1/weekly", "requests"),
    ("reports_pull", "archive_months"): Plan("archive-gw.example.internal:8080", "requests", "connect_timeout",
        r"ConnectTimeout", "d-connect", "connect_timeout", "a packet filter drops everything to this endpoint"),
    ("reports_pull", "check_archive"): Plan("archive-gw.example.internal:8080", "socket", "connect_timeout",
        "TimeoutError", "d-connect", "connect_timeout", "a packet filter drops everything to this endpoint"),
    ("feature_store", "build_shards"): Plan(None, None, "worker_oom_kill", r"return code -9|\"signal\": ?-9", "e", "worker_oom_kill",
        "300 MB memory cgroup; killed by the kernel"),
    ("feature_store", "fetch_east"): feature("http.client"),
    ("feature_store", "fetch_west"): feature("requests"),
    ("document_intake", "send_scans"): Plan("ingest-api.example.internal:8080/v1/scans", "requests", "payload_too_large",
        "413", "f-size", "payload_too_large", "2.6 MB sent, 1 MB allowed"),
    ("document_intake", "send_form"): Plan("ingest-api.example.internal:8080/v1/forms", "urllib", "http_bad_request",
        "HTTP Error 400", "f-field", "http_bad_request", "a date in the wrong format"),
    ("document_intake", "send_receipts"): Plan("ingest-api.example.internal:8080/v1/receipts", "requests"),
    ("crm_export", "pull_contacts"): Plan("crm-api.example.internal:8080", "requests", "auth_token_expired", "401", "g",
        "auth_token_expired", "the token lives 6 s, the export takes 12 s"),
    ("crm_export", "push_consents"): Plan("crm-api.example.internal:8080", "httpx", "auth_token_expired", "401", "g",
        "auth_token_expired", "the token lives 6 s; nothing in the log says that it expired, only earlier calls worked"),
    ("crm_export", "pull_segments"): Plan("crm-api.example.internal:8080", "httpx"),
    ("ledger_close", "post_entries"): Plan("ledger-gw.example.internal:8443", "requests", "tls_ca_not_trusted",
        "CERTIFICATE_VERIFY_FAILED", "h", "tls_ca_not_trusted", "self-signed certificate"),
    ("ledger_close", "read_periods"): Plan("ledger-gw.example.internal:8443", "urllib", "tls_ca_not_trusted",
        "CERTIFICATE_VERIFY_FAILED", "h", "tls_ca_not_trusted", "self-signed certificate"),
    ("ledger_close", "check_balance"): Plan("billing-api.example.internal:8443", "requests"),
    ("demand_forecast", "prepare_input"): Plan("forecast-api.example.internal:8080/v1/models", "requests"),
    ("demand_forecast", "request_forecast"): Plan("forecast-api.example.internal:8080/v1/forecasts", "requests",
        "task_execution_timeout", "AirflowTaskTimeout", "i", "task_execution_timeout",
        "the server never answers, the call has no timeout, execution_timeout is 20 s"),
    ("shipping_labels", "create_labels"): Plan("shipping-api.example.internal:8080/v1/labels", "requests", "http_5xx",
        "503", "j", "http_5xx", "503 to the first two requests of a batch"),
    ("shipping_labels", "fetch_tracking"): Plan("shipping-api.example.internal:8080/v1/tracking", "requests"),
    ("tax_tables", "load_tax_rates"): Plan("tax-api.example.internal:8080", "requests", "connection_refused_service_down",
        r"\[Errno 111\]", "k", "connection_refused_service_down", "nothing listens on the port"),
    ("tax_tables", "load_duties"): Plan("tax-api.example.internal:8080", "urllib", "connection_refused_service_down",
        r"\[Errno 111\]", "k", "connection_refused_service_down", "nothing listens on the port"),
    ("tax_tables", "total_invoices"): Plan(None, None, "key_error", "KeyError", None, None,
        "a record without the field; the same on every try"),
    ("partner_feeds", "fetch_loyalty"): Plan("loyalty-api.example.internal:8080", "requests"),
    ("partner_feeds", "fetch_catalog"): Plan(CATALOG, "httpx"),
    ("partner_feeds", "fetch_billing"): Plan("billing-api.example.internal:8443", "urllib"),
    ("partner_feeds", "fetch_rates"): Plan(RATES, "requests"),
    ("partner_feeds", "fetch_tracking"): Plan("shipping-api.example.internal:8080", "requests"),
    ("partner_feeds", "fetch_products"): Plan(CATALOG, "urllib"),
    ("partner_feeds", "fetch_invoices"): Plan("loyalty-api.example.internal:8080", "httpx"),
    ("daily_checks", "row_checks"): Plan(calm="counts of errors that are all 0; an ERROR line that reports no error"),
    ("daily_checks", "print_runbook"): Plan(calm="prints a text about connection resets"),
    ("daily_checks", "send_digest"): Plan(NOTIFY, "requests", calm="urllib3 retried two closed connections, then it worked"),
    ("daily_checks", "refresh_cache"): Plan(CATALOG, "requests", calm="a caught ConnectionError is logged with its traceback"),
    ("daily_checks", "memory_report"): Plan(calm="mentions the OOM score and killed children"),
    ("nightly_files", "list_files"): Plan(None, "bash", calm="prints exit code 0 and 0 failed"),
    ("nightly_files", "archive_files"): Plan(None, "bash", "bash_exit_127", "exit code 127|return code 127",
        note="the command is not installed"),
    ("nightly_files", "close_month"): Plan(note="skips itself"),
    ("nightly_files", "regional_totals"): Plan(CATALOG, "requests", note="mapped task"),
    ("parcel_delivery", "wait_for_manifest"): Plan(DELIVERY, "requests", note="reschedule mode: four executions in one log, three say not yet"),
    ("parcel_delivery", "await_pickup"): Plan(DELIVERY, "httpx", note="deferred and resumed; the trigger has its own log"),
    ("parcel_delivery", "await_customs"): Plan("customs-api.example.internal:8080", "httpx", "connection_refused_service_down",
        "Trigger failure", "p", "connection_refused_service_down", "the trigger failed: nothing listens on the port"),
    ("parcel_delivery", "pack_parcels"): SILENT,
    ("parcel_delivery", "print_manifest"): SILENT,
    ("parcel_delivery", "weigh_pallets"): Plan(None, None, "key_error", "KeyError", note="mapped task; one record lacks a field"),
}

SURFACES = [
    (r"Network is unreachable|name resolution|Name or service not known", "host_network_down"),
    (CLOSED, "remote_closed_without_response"),
    (RESET, "connection_reset"),
    (r"\[Errno 111\]", "connection_refused"),
    (r"\b503\b", "http_5xx"),
    (r"timed out|TimeoutError|ReadTimeout", "read_timeout"),
]


def final_error(text):
    """The part of a log from Airflow's own failure line on."""
    at = text.find("Task failed with exception")
    return text[at:] if at >= 0 else text


def row(attempt, path, text):
    """Return (truth row, complaint or None) for one attempt."""
    plan = PLANS[attempt["dag_id"], attempt["task_id"]]
    out = {"path": path, **attempt, "cause": "none", "story": None, "story_cause": None, "endpoint": plan.endpoint,
           "client": plan.client, "note": plan.note, "alarming": False}
    complaint = None
    if attempt["outcome"] == "skipped":
        out["cause"] = "skipped"
    elif attempt["outcome"] == "success":
        if plan.calm:
            out.update(cause="healthy_alarming", alarming=True, note=plan.calm)
        elif plan.cause:
            out["note"] = "healthy: the fault was not there at this time"
    else:
        error = final_error(text)
        surface = next((label for pattern, label in SURFACES if re.search(pattern, error)), None)
        out["alarming"] = True
        if surface == "host_network_down":
            out.update(cause=surface, story="l", story_cause=surface, note="this host had no network; other hosts had")
        elif plan.cause is None:
            complaint = "failed without a plan"
        else:
            cause = plan.cause if plan.cause != "by surface" else surface
            if plan.story == "c" and cause in ("connection_reset", "remote_closed_without_response"):
                cause = "server_restart"
            if plan.cause == "peer_oom_killed" and surface == "connection_refused":
                pass  # the peer is gone for good: still a consequence
            elif plan.expect and not re.search(plan.expect, error):
                complaint = f"expected {plan.expect}"
            if cause is None:
                complaint = "unknown surface"
            out.update(cause=cause, story=plan.story, story_cause=plan.story_cause)
    return out, complaint
