"""The names that moved between Airflow 2 and 3, so that one set of DAGs runs on all."""

try:
    from airflow.sdk import DAG, BaseOperator, BaseSensorOperator
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import PythonOperator
except ImportError:
    from airflow.models.baseoperator import BaseOperator
    from airflow.models.dag import DAG
    from airflow.operators.bash import BashOperator
    from airflow.operators.python import PythonOperator
    from airflow.sensors.base import BaseSensorOperator

__all__ = ["DAG", "BaseOperator", "BaseSensorOperator", "BashOperator", "PythonOperator"]
