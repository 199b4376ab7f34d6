//! Logs in object stores: they give the report of a folder, whatever store it is, and what a store does not give is told.

#[cfg(feature = "object-store")]
mod faults;
#[cfg(feature = "object-store")]
mod reports;
#[cfg(feature = "object-store")]
mod stub;

#[test]
#[cfg(not(feature = "object-store"))]
fn a_program_without_object_stores_says_how_to_get_one_with_them() {
    for (name, copy) in [
        ("s3://my-bucket/logs", "aws s3 cp --recursive s3://my-bucket/logs"),
        ("gs://my-bucket/logs", "gcloud storage cp --recursive gs://my-bucket/logs"),
        ("az://my-container/logs", "az storage blob download-batch --source my-container"),
    ] {
        let run = crate::program::run(&[name]);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
        assert!(run.err.contains("--features object-store") && run.err.contains(copy), "{}", run.err);
    }
}

/// A name that no store is asked about.
#[test]
fn a_name_of_another_sort_says_what_to_write() {
    for (name, want) in [
        ("ftp://example.com/logs", "write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"),
        ("https://b.s3.eu-west-1.amazonaws.com/logs?X-Amz-Signature=HUSH", "write s3://b/logs"),
        ("s3://KEY:HUSH@b/logs", "credentials do not belong"),
        ("s3://", "names no bucket"),
    ] {
        let run = crate::program::run(&[name]);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{name}");
        assert!(run.err.contains(want) && !run.err.contains("HUSH"), "{}", run.err);
    }
}
