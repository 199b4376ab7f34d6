"""Inventory, reports, features, forecast, shipping and files."""

from datetime import datetime, timedelta

from airflow.exceptions import AirflowSkipException
from airflow_names import DAG, BashOperator, PythonOperator

from jobs import features, forecast, inventory, partners, reports, shipping

COMMON = {
    "start_date": datetime(2026, 1, 1),
    "schedule": None,
    "catchup": False,
    "default_args": {"owner": "operations", "retries": 0, "retry_delay": timedelta(seconds=4)},
}

with DAG("inventory_load", **COMMON):
    for task_id, function, wait in [
        ("sync_bins", inventory.sync_bins, 9),
        ("sync_lots", inventory.sync_lots, 4),
        ("sync_counts", inventory.sync_counts, 15),
        ("write_summary", inventory.write_summary, 15),
    ]:
        PythonOperator(task_id=task_id, python_callable=function, retries=5, retry_delay=timedelta(seconds=wait))

with DAG("reports_pull", **COMMON):
    PythonOperator(task_id="monthly_totals", python_callable=reports.monthly_totals)
    PythonOperator(task_id="monthly_export", python_callable=reports.monthly_export)
    PythonOperator(task_id="weekly_totals", python_callable=reports.weekly_totals)
    PythonOperator(task_id="archive_months", python_callable=reports.archive_months)
    PythonOperator(task_id="check_archive", python_callable=reports.check_archive)

with DAG("feature_store", params={"blocks": 60}, render_template_as_native_obj=True, **COMMON):
    PythonOperator(
        task_id="build_shards", python_callable=features.build_shards, op_kwargs={"blocks": "{{ params.blocks }}"}
    )
    PythonOperator(task_id="fetch_east", python_callable=features.fetch_east)
    PythonOperator(task_id="fetch_west", python_callable=features.fetch_west)

with DAG("demand_forecast", **COMMON):
    PythonOperator(task_id="prepare_input", python_callable=forecast.prepare_input) >> PythonOperator(
        task_id="request_forecast",
        python_callable=forecast.request_forecast,
        execution_timeout=timedelta(seconds=20),
    )

with DAG("shipping_labels", **COMMON):
    PythonOperator(task_id="create_labels", python_callable=shipping.create_labels, retries=3)
    PythonOperator(task_id="fetch_tracking", python_callable=shipping.fetch_tracking)


def only_on_month_end(day):
    if day != "31":
        raise AirflowSkipException(f"day {day} is not the last of a month")


with DAG("nightly_files", **COMMON):
    BashOperator(task_id="list_files", bash_command="ls /etc | head -3; echo 'exit code 0, 0 failed'")
    BashOperator(task_id="archive_files", bash_command="set -e\nls / > /dev/null\nazcopy copy nightly.tar archive/\n")
    PythonOperator(task_id="close_month", python_callable=only_on_month_end, op_args=["21"])
    PythonOperator.partial(task_id="regional_totals", python_callable=partners.regional_totals).expand(
        op_args=[["north"], ["south"], ["overseas"]]
    )
