"""Delivery of parcels: tasks that wait, without and with a trigger, and tasks that lose their supervisor."""

from datetime import datetime, timedelta

from airflow_names import DAG, PythonOperator

from jobs import deliveries, pickups

COMMON = {
    "start_date": datetime(2026, 1, 1),
    "schedule": None,
    "catchup": False,
    "default_args": {"owner": "operations", "retries": 0, "retry_delay": timedelta(seconds=4)},
}
BASE = "http://delivery-api.example.internal:8080"

with DAG("parcel_delivery", **COMMON):
    # The executor may report the end of an execution 6 s late; a task that is queued again by then is taken for lost and failed.
    pickups.ManifestSensor(task_id="wait_for_manifest", mode="reschedule", poke_interval=12, timeout=300)
    pickups.PickupOperator.partial(task_id="await_pickup").expand(url=[f"{BASE}/v1/pickups/rail", f"{BASE}/v1/pickups/road"])
    pickups.PickupOperator(task_id="await_customs", url="http://customs-api.example.internal:8080/v1/clearance")
    PythonOperator(task_id="pack_parcels", python_callable=deliveries.pack_parcels, retries=1)
    PythonOperator(task_id="print_manifest", python_callable=deliveries.print_manifest)
    PythonOperator.partial(task_id="weigh_pallets", python_callable=deliveries.weigh_pallets).expand(
        op_args=[["north"], ["harbour"], ["south"]]
    )
