//! Names of objects, such as `s3://bucket/logs`, as people write them: what stands behind the bucket is taken as it is, and not decoded.

use std::fmt;
use std::path::Path;

use crate::error::Error;

/// Who keeps an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::source) enum Service {
    /// Amazon's S3, or what speaks like it.
    S3,
    /// Google Cloud Storage.
    Google,
    /// Azure's blobs.
    Azure,
}

/// The schemes that are read.
const SCHEMES: [(&str, Service); 8] = [
    ("s3", Service::S3),
    ("s3a", Service::S3),
    ("gs", Service::Google),
    ("gcs", Service::Google),
    ("az", Service::Azure),
    ("azure", Service::Azure),
    ("abfs", Service::Azure),
    ("abfss", Service::Azure),
];

/// How a name is to be written.
const FORMS: &str = "s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX";

/// Query parameters whose values let anybody in.
const SIGNED: [&str; 4] = ["sig=", "X-Amz-Signature=", "X-Goog-Signature=", "Signature="];

/// The name of an object, or of all objects whose keys begin with it and a `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) struct Url {
    /// As it was written.
    pub(super) text: String,
    pub(super) service: Service,
    /// The bucket, or the container; `container@account.host` where that was written.
    pub(super) bucket: String,
    /// The key, or what keys begin with.
    pub(super) key: String,
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Url {
    /// Reads the name of an object; `None` where it is that of a file.
    pub(in crate::source) fn of(text: &str) -> Option<Result<Self, Error>> {
        let (scheme, rest) = text.split_once("://")?;
        let is_scheme = scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !is_scheme || !scheme.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return None;
        }
        let scheme = scheme.to_ascii_lowercase();
        match SCHEMES.iter().find(|(known, _)| *known == scheme) {
            Some((_, service)) => Some(Self::in_service(text, *service, rest).map_err(Error::Usage)),
            None if Path::new(text).exists() => None,
            None => Some(Err(Error::Usage(foreign(&scheme, rest)))),
        }
    }

    fn in_service(text: &str, service: Service, rest: &str) -> Result<Self, String> {
        let scheme = text.split("://").next().unwrap_or_default();
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let settings = match service {
            Service::S3 => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            Service::Google => "GOOGLE_APPLICATION_CREDENTIALS",
            Service::Azure => "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_KEY",
        };
        // An account is no secret; what stands before a colon or in another service may be one.
        if bucket.contains(':') || (bucket.contains('@') && service != Service::Azure) {
            return Err(format!(
                "'{scheme}://..': credentials do not belong into a name; set {settings} in the environment and write {FORMS}"
            ));
        }
        let query = rest.split_once('?').map_or("", |(_, query)| query);
        if SIGNED.iter().any(|parameter| query.contains(parameter)) {
            return Err(format!(
                "'{scheme}://{bucket}/..': a name with a signature in it; set {settings} in the environment and leave out what follows the ?"
            ));
        }
        if bucket.is_empty() {
            return Err(format!("'{scheme}://{rest}' names no bucket; write {FORMS}"));
        }
        let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.$".contains(&byte));
        if !bucket.splitn(2, '@').all(is_plain) {
            return Err(format!("'{scheme}://{rest}': '{bucket}' is no name of a bucket; write {FORMS}"));
        }
        if key.split('/').rev().skip(1).any(str::is_empty) {
            let whole: Vec<&str> = key.split('/').filter(|part| !part.is_empty()).collect();
            return Err(format!(
                "'{scheme}://{rest}': keys with empty parts ('//') are not read; did you mean '{scheme}://{bucket}/{}'?",
                whole.join("/")
            ));
        }
        Ok(Self { text: text.to_owned(), service, bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The command with which a person sees what is stored.
    #[cfg_attr(not(feature = "object-store"), expect(dead_code, reason = "nothing is looked for without the feature"))]
    pub(super) fn listed_by(&self) -> String {
        let bucket = &self.bucket;
        match self.service {
            Service::S3 => format!("aws s3 ls s3://{bucket}/"),
            Service::Google => format!("gcloud storage ls gs://{bucket}/"),
            Service::Azure => format!("az storage blob list --container-name {bucket} --delimiter / --output table"),
        }
    }

    /// The name of another object in its bucket.
    #[cfg_attr(not(feature = "object-store"), expect(dead_code, reason = "nothing is looked for without the feature"))]
    pub(super) fn beside(&self, key: &str) -> String {
        format!("{}/{key}", self.text.strip_suffix(self.key.as_str()).unwrap_or_default().trim_end_matches('/'))
    }

    /// What its service calls a bucket.
    #[cfg_attr(not(feature = "object-store"), expect(dead_code, reason = "nothing is looked for without the feature"))]
    pub(super) fn container(&self) -> &'static str {
        if self.service == Service::Azure { "container" } else { "bucket" }
    }

    /// What in the environment says where buckets are looked for.
    #[cfg_attr(not(feature = "object-store"), expect(dead_code, reason = "nothing is looked for without the feature"))]
    pub(super) fn settings(&self) -> &'static str {
        match self.service {
            Service::S3 => "AWS_REGION and AWS_ENDPOINT_URL",
            Service::Google => "GOOGLE_BASE_URL",
            Service::Azure => "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ENDPOINT",
        }
    }

    /// The command with which its objects are copied to files.
    #[cfg_attr(feature = "object-store", expect(dead_code, reason = "it is for those who lack the feature"))]
    pub(super) fn copied_by(&self) -> String {
        match self.service {
            Service::S3 => format!("aws s3 cp --recursive {self} logs/"),
            Service::Google => format!("gcloud storage cp --recursive {self} logs/"),
            Service::Azure => format!("az storage blob download-batch --source {} --destination logs/", self.bucket),
        }
    }
}

/// A name without what may let somebody in: what follows a `?`, and what stands before an `@`.
pub(in crate::source) fn shown(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    format!("{scheme}://{}{path}", host.rsplit('@').next().unwrap_or_default())
}

/// What to say of a scheme that is not read. What follows a `?` may be a signature.
fn foreign(scheme: &str, rest: &str) -> String {
    let shown = shown(&format!("{scheme}://{rest}"));
    let (host, path) = shown.get(scheme.len() + 3..).unwrap_or_default().split_once('/').unwrap_or((&shown, ""));
    let account = host.split('.').next().unwrap_or_default();
    let instead = match scheme {
        "file" => format!("write the path alone: /{}", path.trim_start_matches('/')),
        "http" | "https" if host.contains(".blob.core.windows.net") || host.contains(".dfs.core.windows.net") => {
            format!("write az://{path} and set AZURE_STORAGE_ACCOUNT_NAME={account}")
        }
        "http" | "https" if host.starts_with("s3.") || host.starts_with("s3-") => format!("write s3://{path}"),
        "http" | "https" if host.contains(".s3.") => format!("write s3://{account}/{path}"),
        "http" | "https" if host == "storage.googleapis.com" || host == "storage.cloud.google.com" => format!("write gs://{path}"),
        "http" | "https" => format!("write {FORMS}, or fetch it and give it to standard input: curl -sS URL | dagnosis -"),
        _ => format!("write {FORMS}, or the path of a file or folder"),
    };
    format!("'{shown}': what is named by {scheme}:// is not read; {instead}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

    use super::*;

    #[test]
    fn names_are_taken_as_they_are_written() {
        let key = "logs/run_id=manual__2026-11-21T09:30:22+00:00/a%3Ab c?d#e.log";
        for (text, want) in [
            (format!("s3://my-bucket/{key}"), (Service::S3, "my-bucket", key)),
            ("S3a://b".to_owned(), (Service::S3, "b", "")),
            ("gs://b.example.com/".to_owned(), (Service::Google, "b.example.com", "")),
            ("az://$logs/a/".to_owned(), (Service::Azure, "$logs", "a/")),
            ("abfss://c@account.dfs.core.windows.net/a".to_owned(), (Service::Azure, "c@account.dfs.core.windows.net", "a")),
        ] {
            let url = Url::of(&text).unwrap().unwrap();
            assert_eq!((url.service, url.bucket.as_str(), url.key.as_str()), want, "{text}");
            assert_eq!(url.to_string(), text);
        }
        for text in ["-", "logs", "./s3://b", "C://x", "a b://c", "://x", "/a://b"] {
            assert!(Url::of(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_says_what_to_write() {
        let says = |text: &str| match Url::of(text) {
            Some(Err(Error::Usage(says))) => says,
            other => panic!("{text}: {other:?}"),
        };
        for (text, want) in [
            ("s3://", "names no bucket; write s3://BUCKET/PREFIX"),
            ("s3:///logs", "names no bucket"),
            ("s3://b_{x}/logs", "is no name of a bucket"),
            ("s3://b/logs//dag_id=a", "did you mean 's3://b/logs/dag_id=a'?"),
            ("ftp://host/logs", "write s3://BUCKET/PREFIX"),
            ("file:///var/log", "write the path alone: /var/log"),
            ("https://acc.blob.core.windows.net/c/logs?sv=1&sig=HUSH", "write az://c/logs and set AZURE_STORAGE_ACCOUNT_NAME=acc"),
            ("https://s3.eu-west-1.amazonaws.com/b/logs", "write s3://b/logs"),
            ("https://b.s3.eu-west-1.amazonaws.com/logs?X-Amz-Signature=HUSH", "write s3://b/logs"),
            ("https://storage.googleapis.com/b/logs", "write gs://b/logs"),
            ("https://me:HUSH@example.com/a.log", "curl -sS URL | dagnosis -"),
            ("s3://KEY:HUSH@b/logs", "AWS_ACCESS_KEY_ID"),
            ("s3://HUSH@b/logs", "AWS_ACCESS_KEY_ID"),
            ("az://c/logs?sv=1&sig=HUSH", "AZURE_STORAGE_SAS_KEY"),
        ] {
            let says = says(text);
            assert!(says.contains(want), "{text}: {says}");
            assert!(!says.contains("HUSH"), "{says}");
        }
    }
}
