"""For Airflow's core.hostname_callable: the name of the host that runs the tasks."""


def hostname():
    return "worker-a.example.internal"
