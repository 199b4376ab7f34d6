//! Trees of logs for the tests: folders made on the spot, and the same files packed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;

/// Writes a file below a folder, with the folders that it needs.
pub(crate) fn put(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// Where the first try of a task of the DAG `shop` has its log, as Airflow lays it out since 2.3.
pub(crate) fn log_of(task: &str) -> String {
    format!("dag_id=shop/run_id=r/task_id={task}/attempt=1.log")
}

/// The files below a folder, by their names from there, sorted.
pub(crate) fn files_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// How a log may be compressed: the suffix that names it, and what it makes of bytes.
pub(crate) type Pack = (&'static str, fn(&[u8]) -> Vec<u8>);

pub(crate) fn packings() -> [Pack; 5] {
    [
        ("gz", gzip),
        ("zst", |bytes| zstd::encode_all(bytes, 3).unwrap()),
        ("bz2", |bytes| {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }),
        ("xz", |bytes| {
            let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(0)).unwrap();
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }),
        ("lz4", |bytes| {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }),
    ]
}

pub(crate) fn zip<N: AsRef<str>, B: AsRef<[u8]>>(members: &[(N, B)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(name.as_ref(), zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes.as_ref()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn tar<N: AsRef<str>, B: AsRef<[u8]>>(members: &[(N, B)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.as_ref().len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name.as_ref(), bytes.as_ref()).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A file that an Airflow wrote.
pub(crate) struct Sample {
    /// The version that wrote it, as the name of its tree says.
    pub(crate) version: String,
    /// Its name, from the repository's folder.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// All logs of `sample-logs` and `tests/dialects`, with what Airflow's web server makes of them, sorted by name.
pub(crate) fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for folder in ["sample-logs", "tests/dialects"] {
        for (name, bytes) in files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)) {
            let Some((version, _)) = name.strip_prefix("airflow-").and_then(|rest| rest.split_once('/')) else { continue };
            if !name.contains("/exports/") {
                samples.push(Sample { version: version.to_owned(), name: format!("{folder}/{name}"), bytes });
            }
        }
    }
    samples
}
