//! Names and what they are recognised as.

use super::recognise;
use crate::source::Kind;

/// `kind dag|run|task|map|try`, with `-` for what is not known.
fn shown(name: &str) -> String {
    let (kind, task) = recognise(name);
    let text = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
    format!(
        "{} {}|{}|{}|{}|{}",
        kind.name(),
        text(task.dag_id.map(|name| name.to_string())),
        text(task.run_id.map(|name| name.to_string())),
        text(task.task_id.map(|name| name.to_string())),
        text(task.map_index.map(|n| n.to_string())),
        text(task.try_number.map(|n| n.to_string()))
    )
}

#[test]
fn names_of_task_logs() {
    let cases = [
        (
            "logs/dag_id=orders/run_id=manual__2026-11-21T07:12:24.789362+00:00/task_id=eu.load/attempt=2.log",
            "task orders|manual__2026-11-21T07:12:24.789362+00:00|eu.load|-|2",
        ),
        ("dag_id=a/run_id=r/task_id=t/map_index=3/attempt=1.log", "task a|r|t|3|1"),
        ("dag_id=a/run_id=r/task_id=t/map_index=-1/attempt=1.log", "task a|r|t|-|1"),
        ("dag_id=a/run_id=r/task_id=t/attempt=1.log.trigger.17.log", "trigger a|r|t|-|1"),
        (
            "s3/dag_id=a/run_id=manual__2026-11-21T07%3A12%3A24%2B00%3A00/task_id=t/attempt=1.log",
            "task a|manual__2026-11-21T07:12:24+00:00|t|-|1",
        ),
        ("dag_id=a/run_id=manual__2026-11-21T07_12_24+00_00/task_id=t/attempt=1.log", "task a|manual__2026-11-21T07:12:24+00:00|t|-|1"),
        ("dag_id=100%/run_id=r/task_id=t/attempt=1.log", "task 100%|r|t|-|1"),
        (r"C:\logs\dag_id=a\run_id=r\task_id=t\attempt=4.log", "task a|r|t|-|4"),
        ("dag_id=a/run_id=r/task_id=t/attempt=1.log.gz", "task a|r|t|-|1"),
        ("dag_id=a/run_id=r/task_id=t/attempt=1.log.2.gz", "task a|r|t|-|1"),
        ("inner.zip!dag_id=a/run_id=r/task_id=t/attempt=1.log", "task a|r|t|-|1"),
        ("x/inner.tar.gz!b.zip!dag_id=a/run_id=wow!/task_id=t/attempt=1.log", "task a|wow!|t|-|1"),
        ("attempt=7.log", "task -|-|-|-|7"),
        ("dag_id=/run_id=r/task_id=t/attempt=x.log", "task -|r|t|-|-"),
        ("dag_id=a/task_id=t/execution_date=2022-01-01T00:00:00+00:00/3.log", "task a|2022-01-01T00:00:00+00:00|t|-|3"),
        ("dag_id=a_b_run_id=manual__x_task_id=t_u_attempt=1.log", "task a_b|manual__x|t_u|-|1"),
        ("dag_id=a_run_id=r_task_id=t_map_index=5_attempt=1.log", "task a|r|t|5|1"),
        (
            "logs_orders_sync_manual__2026-11-21T07:12:24.789362+00:00_get_invoices_-1_1.txt",
            "task orders_sync|manual__2026-11-21T07:12:24.789362+00:00|get_invoices|-|1",
        ),
        ("logs_a_scheduled__2026-11-21T07_12_24+00_00_load_all_4_2.txt", "task a|scheduled__2026-11-21T07:12:24+00:00|load_all|4|2"),
        ("logs_a_manual__2026-11-21T07:12:24+00:00_EnUkws1i_load_-1_2.txt", "task a|manual__2026-11-21T07:12:24+00:00_EnUkws1i|load|-|2"),
        ("logs_a_manual__2026-11-21T07:12:24+00:00_shipment_push_-1_2.txt", "task a|manual__2026-11-21T07:12:24+00:00|shipment_push|-|2"),
        ("logs_a_my_run_load_-1_2.txt", "other -|-|-|-|-"),
        (
            "logs/supplier_feeds/load_prices/2019-05-28T10:00:00+00:00/2.log",
            "task supplier_feeds|2019-05-28T10:00:00+00:00|load_prices|-|2",
        ),
        ("feeds/load/20190528T100000/1.log", "task feeds|2019-05-28T10:00:00+00:00|load|-|1"),
    ];
    for (name, want) in cases {
        assert_eq!(shown(name), want, "{name}");
    }
}

/// File systems, CloudWatch (no `:`), object stores and browsers each change a name in their own way.
#[test]
fn an_attempt_is_the_same_whichever_way_its_log_came() {
    let want = "task feeds|manual__2024-05-01T00:00:00+00:00|load|-|1";
    for name in [
        "dag_id=feeds/run_id=manual__2024-05-01T00:00:00+00:00/task_id=load/attempt=1.log",
        "dag_id=feeds/run_id=manual__2024-05-01T00_00_00+00_00/task_id=load/attempt=1.log",
        "dag_id=feeds/run_id=manual__2024-05-01T00-00-00+00-00/task_id=load/attempt=1.log",
        "dag_id=feeds/run_id=manual__2024-05-01T00%3A00%3A00%2B00%3A00/task_id=load/attempt=1.log",
        "dag_id=feeds/run_id=manual__2024-05-01T00_00_00%2B00_00/task_id=load/attempt=1.log",
        "dag_id=feeds/run_id=manual__2024-05-01T00:00:00 00:00/task_id=load/attempt=1.log",
        "dag_id=feeds_run_id=manual__2024-05-01T00_00_00+00_00_task_id=load_attempt=1.log",
        "logs_feeds_manual__2024-05-01T00_00_00+00_00_load_-1_1.txt",
    ] {
        assert_eq!(shown(name), want, "{name}");
    }
    let want = "task feeds|2024-05-01T00:00:00+00:00|load|-|1";
    for name in [
        "feeds/load/2024-05-01T00:00:00+00:00/1.log",
        "feeds/load/2024-05-01T00_00_00+00_00/1.log",
        "feeds/load/2024-05-01T00%3A00%3A00%2B00%3A00/1.log",
        "feeds/load/20240501T000000/1.log",
        "dag_id=feeds/task_id=load/execution_date=2024-05-01T00_00_00+00_00/1.log",
    ] {
        assert_eq!(shown(name), want, "{name}");
    }
    assert_eq!(shown("dag_id=a/run_id=my_2024-05-01T00_00_00/task_id=t/attempt=1.log"), "task a|my_2024-05-01T00_00_00|t|-|1");
}

#[test]
fn names_of_services_logs() {
    let cases = [
        ("airflow/scheduler/2026-11-21/dags.py.log", "dag_processor"),
        ("scheduler/latest/dags.py.log", "dag_processor"),
        ("dag_processor/2026-11-21/dags-folder/broken/cycle.py.log", "dag_processor"),
        ("dag_processor_manager/dag_processor_manager.log", "dag_processor"),
        ("_services/dag-processor.log", "dag_processor"),
        ("components/scheduler.2.log", "scheduler"),
        ("scheduler.log.3.gz", "scheduler"),
        ("airflow-scheduler-6d9f.log-20240131", "scheduler"),
        ("airflow-triggerer.err", "triggerer"),
        ("components/worker-a.log", "worker"),
        ("celery.log", "worker"),
        ("_services/api-server.log", "webserver"),
        ("airflow-webserver.out", "webserver"),
        ("components/kernel-oom.dmesg.log", "kernel"),
        ("var/log/kern.log.1", "kernel"),
        ("syslog.2.gz", "kernel"),
        ("pods/airflow_airflow-worker-0_77/worker/0.log", "worker"),
        ("excerpt.txt", "other"),
        ("coworkers.log", "other"),
        ("", "other"),
        ("///", "other"),
    ];
    for (name, want) in cases {
        assert_eq!(recognise(name).0.name(), want, "{name}");
    }
    assert_eq!(recognise("-").0, Kind::Other);
}
