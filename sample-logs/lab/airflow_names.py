"""The names that moved between Airflow 2 and 3, so that one set of DAGs runs on both."""

try:
    from airflow.sdk import DAG
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import PythonOperator
except ImportError:
    from airflow.models.dag import DAG
    from airflow.operators.bash import BashOperator
    from airflow.operators.python import PythonOperator

__all__ = ["DAG", "BashOperator", "PythonOperator"]
