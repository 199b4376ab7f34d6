//! The rule files that are compiled in; a test compares the list with the folder.

/// Includes rule files by their path below `rules/`.
macro_rules! rule_files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../rules/", $path)))),*]
    };
}

/// Path below `rules/` and text of each built-in rule file.
pub(super) const FILES: &[(&str, &str)] = rule_files![
    "causes/airflow-config.yaml",
    "causes/airflow-lifecycle.yaml",
    "causes/airflow.yaml",
    "causes/auth-http.yaml",
    "causes/broker.yaml",
    "causes/client.yaml",
    "causes/cloud.yaml",
    "causes/code.yaml",
    "causes/data.yaml",
    "causes/database.yaml",
    "causes/dns.yaml",
    "causes/external.yaml",
    "causes/kubernetes.yaml",
    "causes/logs.yaml",
    "causes/network.yaml",
    "causes/platform.yaml",
    "causes/server-answers.yaml",
    "causes/server.yaml",
    "causes/spark.yaml",
    "causes/ssh.yaml",
    "causes/storage.yaml",
    "causes/tls.yaml",
    "causes/warehouse.yaml",
    "symptoms/airflow-config.yaml",
    "symptoms/airflow-services.yaml",
    "symptoms/auth.yaml",
    "symptoms/broken-off.yaml",
    "symptoms/broker.yaml",
    "symptoms/cloud.yaml",
    "symptoms/code.yaml",
    "symptoms/database.yaml",
    "symptoms/dns.yaml",
    "symptoms/external.yaml",
    "symptoms/http.yaml",
    "symptoms/kubernetes.yaml",
    "symptoms/lifecycle.yaml",
    "symptoms/logs.yaml",
    "symptoms/metadata-db.yaml",
    "symptoms/network-signs.yaml",
    "symptoms/network.yaml",
    "symptoms/process.yaml",
    "symptoms/services.yaml",
    "symptoms/sessions.yaml",
    "symptoms/smtp.yaml",
    "symptoms/spark.yaml",
    "symptoms/ssh.yaml",
    "symptoms/storage.yaml",
    "symptoms/timeout.yaml",
    "symptoms/tls.yaml",
    "symptoms/warehouse.yaml",
    "timers.yaml",
];
