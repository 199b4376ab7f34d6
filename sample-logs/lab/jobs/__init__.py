"""What the DAGs of all Airflow versions run: plain functions, and two operators that wait."""
