"""Documents, customers, ledger, taxes and checks."""

from datetime import datetime, timedelta

from airflow_names import DAG, PythonOperator

from jobs import checks, crm, documents, ledger, tax

COMMON = {
    "start_date": datetime(2026, 1, 1),
    "schedule": None,
    "catchup": False,
    "default_args": {"owner": "finance", "retries": 0, "retry_delay": timedelta(seconds=4)},
}

with DAG("document_intake", **COMMON):
    PythonOperator(task_id="send_scans", python_callable=documents.send_scans)
    PythonOperator(task_id="send_form", python_callable=documents.send_form)
    PythonOperator(task_id="send_receipts", python_callable=documents.send_receipts)

with DAG("crm_export", **COMMON):
    PythonOperator(task_id="pull_contacts", python_callable=crm.pull_contacts)
    PythonOperator(task_id="push_consents", python_callable=crm.push_consents)
    PythonOperator(task_id="pull_segments", python_callable=crm.pull_segments)

with DAG("ledger_close", **COMMON):
    PythonOperator(task_id="post_entries", python_callable=ledger.post_entries)
    PythonOperator(task_id="read_periods", python_callable=ledger.read_periods)
    PythonOperator(task_id="check_balance", python_callable=ledger.check_balance)

with DAG("tax_tables", **COMMON):
    PythonOperator(task_id="load_tax_rates", python_callable=tax.load_tax_rates, retries=1)
    PythonOperator(task_id="load_duties", python_callable=tax.load_duties)
    PythonOperator(task_id="total_invoices", python_callable=tax.total_invoices, retries=1)

with DAG("daily_checks", **COMMON):
    PythonOperator(task_id="row_checks", python_callable=checks.row_checks)
    PythonOperator(task_id="print_runbook", python_callable=checks.print_runbook)
    PythonOperator(task_id="send_digest", python_callable=checks.send_digest)
    PythonOperator(task_id="refresh_cache", python_callable=checks.refresh_cache)
    PythonOperator(task_id="memory_report", python_callable=checks.memory_report)
