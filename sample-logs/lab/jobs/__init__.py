"""Plain functions that the DAGs of both Airflow versions run."""
