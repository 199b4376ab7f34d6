"""Orders, stock, events, prices and partner feeds."""

from datetime import datetime, timedelta

from airflow_names import DAG, PythonOperator

from jobs import orders, partners, prices

COMMON = {
    "start_date": datetime(2026, 1, 1),
    "schedule": None,
    "catchup": False,
    "default_args": {"owner": "trade", "retries": 1, "retry_delay": timedelta(seconds=48)},
}
CATALOG = "http://catalog-api.example.internal:8080"

with DAG("orders_sync", **COMMON):
    PythonOperator(task_id="post_orders", python_callable=orders.post_orders)
    PythonOperator(task_id="fetch_returns", python_callable=orders.fetch_returns)

with DAG("stock_levels", **COMMON):
    PythonOperator(task_id="push_stock", python_callable=orders.push_stock)
    PythonOperator(
        task_id="read_catalog", python_callable=partners.fetch_requests, op_args=[CATALOG + "/v1/products"]
    )

with DAG("web_events", **COMMON):
    PythonOperator.partial(task_id="export_events", python_callable=orders.export_events).expand(
        op_args=[["shop-de"], ["shop-fr"]]
    )

with DAG("pricing_refresh", **{**COMMON, "default_args": {"owner": "pricing", "retries": 0}}):
    PythonOperator(task_id="load_lists", python_callable=prices.load_prices, op_kwargs={"pause": 7})
    PythonOperator(task_id="load_promotions", python_callable=prices.load_prices, op_kwargs={"pause": 1.5})
    PythonOperator(task_id="load_margins", python_callable=prices.load_margins, op_kwargs={"pause": 6.2})

with DAG("store_prices", **{**COMMON, "default_args": {"owner": "pricing", "retries": 0}}):
    PythonOperator(task_id="publish_prices", python_callable=prices.publish_prices, op_kwargs={"pause": 8})
    PythonOperator(task_id="load_rates", python_callable=prices.load_rates, op_kwargs={"pause": 6.5})
    PythonOperator(task_id="load_rates_fast", python_callable=prices.load_rates, op_kwargs={"pause": 0.8})

with DAG("partner_feeds", **{**COMMON, "default_args": {"owner": "trade", "retries": 1, "retry_delay": timedelta(seconds=5)}}):
    for task_id, function, url in [
        ("fetch_loyalty", partners.fetch_requests, "http://loyalty-api.example.internal:8080/v1/points"),
        ("fetch_catalog", partners.fetch_httpx, CATALOG + "/v1/products"),
        ("fetch_billing", partners.fetch_urllib, "https://billing-api.example.internal:8443/v1/open"),
        ("fetch_rates", partners.fetch_requests, "http://rates-api.example.internal:8080/v1/rates/EUR"),
        ("fetch_tracking", partners.fetch_requests, "http://shipping-api.example.internal:8080/v1/tracking"),
        ("fetch_products", partners.fetch_urllib, CATALOG + "/v1/products"),
        ("fetch_invoices", partners.fetch_httpx, "http://loyalty-api.example.internal:8080/v1/invoices"),
    ]:
        PythonOperator(task_id=task_id, python_callable=function, op_args=[url])
