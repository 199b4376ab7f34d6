//! An object store on the loopback, as far as reading needs one: it speaks as S3, Google Cloud Storage and Azure do, and fails on demand.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The one bucket, or container, that there is.
pub(crate) const BUCKET: &str = "logs";

/// How many objects a page of a listing holds.
const PAGE: usize = 50;

/// When every object was written: those whose keys hold `old`, and the others.
const WRITTEN: [(&str, &str); 2] =
    [("2026-01-05T06:00:00.000Z", "Mon, 05 Jan 2026 06:00:00 GMT"), ("2026-11-21T12:00:00.000Z", "Sat, 21 Nov 2026 12:00:00 GMT")];

/// How a request is answered otherwise than it should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// With a status, and the word that explains it.
    Status(u16, &'static str),
    /// With less of the body than was said.
    CutAfter(usize),
    /// With another version of the object.
    Replaced,
    /// Not at all.
    Silence,
}

/// A request: what it asks for, and how often that was asked for before.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The key; of a listing, none.
    pub(crate) key: Option<String>,
    /// Where the wanted part begins.
    pub(crate) from: usize,
    /// Where a page of a listing begins.
    pub(crate) page: usize,
    /// How many requests like it there were.
    pub(crate) before: usize,
}

type Faults = Arc<dyn Fn(&Request) -> Option<Fault> + Send + Sync>;

/// The store. It serves as long as the process runs.
pub(crate) struct Store {
    port: u16,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Store {
    pub(crate) fn serve<N: AsRef<str>, B: AsRef<[u8]>>(
        objects: &[(N, B)],
        faults: impl Fn(&Request) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let objects: BTreeMap<String, Vec<u8>> =
            objects.iter().map(|(key, bytes)| (key.as_ref().to_owned(), bytes.as_ref().to_owned())).collect();
        let (objects, faults): (_, Faults) = (Arc::new(objects), Arc::new(faults));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<Request>>>::default();
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (objects, faults, seen) = (Arc::clone(&objects), Arc::clone(&faults), Arc::clone(&seen));
                // A client that closes its connection ends the thread.
                thread::spawn(move || stream.map(|stream| connection(stream, &objects, &faults, &seen)));
            }
        });
        Self { port, asked }
    }

    /// What the environment says to a client of it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let address = format!("http://127.0.0.1:{}", self.port);
        let mut all = vec![
            ("AWS_ENDPOINT_URL", address.clone()),
            ("GOOGLE_BASE_URL", address.clone()),
            ("AZURITE_BLOB_STORAGE_URL", address),
            ("AWS_ACCESS_KEY_ID", "HUSH-id".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "HUSH-key".to_owned()),
        ];
        for name in ["AWS_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP", "GOOGLE_SKIP_SIGNATURE", "AZURE_STORAGE_USE_EMULATOR"] {
            all.push((name, "true".to_owned()));
        }
        all
    }

    /// What was asked for.
    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

fn connection(stream: TcpStream, objects: &BTreeMap<String, Vec<u8>>, faults: &Faults, asked: &Mutex<Vec<Request>>) -> Option<()> {
    let mut out = stream.try_clone().ok()?;
    let mut lines = BufReader::new(stream);
    loop {
        let mut first = String::new();
        if lines.read_line(&mut first).ok()? == 0 {
            return None;
        }
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).ok()?;
            match line.trim_end().split_once(": ") {
                Some((name, value)) => headers.insert(name.to_ascii_lowercase(), value.to_owned()),
                None => break,
            };
        }
        let mut words = first.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        answer(&mut out, &method, &target, &headers, objects, faults, asked)?;
    }
}

fn answer(
    out: &mut TcpStream,
    method: &str,
    target: &str,
    headers: &BTreeMap<String, String>,
    objects: &BTreeMap<String, Vec<u8>>,
    faults: &Faults,
    asked: &Mutex<Vec<Request>>,
) -> Option<()> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: BTreeMap<String, String> =
        query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.to_owned(), decoded(value))).collect();
    // There a plus is a plus.
    let path = decoded(&path.replace('+', "%2B"));
    let path = path.strip_prefix("/devstoreaccount1").unwrap_or(&path).trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let range = headers.get("range").and_then(|range| {
        let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
        Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok()? + 1))
    });
    let page = query.get("continuation-token").or(query.get("marker")).and_then(|at| at.parse().ok()).unwrap_or(0);
    let mut request = Request {
        method: method.to_owned(),
        key: Some(key.to_owned()).filter(|key| !key.is_empty()),
        from: range.map_or(0, |(from, _)| from),
        page,
        before: 0,
    };
    {
        let mut asked = asked.lock().unwrap();
        let is_like = |other: &&Request| {
            (&other.method, &other.key, other.from, other.page) == (&request.method, &request.key, request.from, request.page)
        };
        request.before = asked.iter().filter(is_like).count();
        asked.push(request.clone());
    }
    let fault = faults(&request);
    match fault {
        Some(Fault::Status(status, code)) => {
            let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>HUSH words</Message></Error>");
            return reply(out, method, status, "", body.as_bytes(), None);
        }
        Some(Fault::Silence) => loop {
            thread::park();
        },
        _ => {}
    }
    if bucket != BUCKET {
        return reply(out, method, 404, "", b"<Error><Code>NoSuchBucket</Code></Error>", None);
    }
    if request.key.is_none() {
        let body = listing(objects, &query, page);
        return reply(out, method, 200, "Content-Type: application/xml\r\n", body.as_bytes(), None);
    }
    let Some(bytes) = objects.get(key) else {
        return reply(out, method, 404, "", b"<Error><Code>NoSuchKey</Code></Error>", None);
    };
    let etag = if matches!(fault, Some(Fault::Replaced)) { "\"new\"" } else { "\"etag\"" };
    if headers.get("if-match").is_some_and(|wanted| wanted != etag) {
        return reply(out, method, 412, "", b"<Error><Code>PreconditionFailed</Code></Error>", None);
    }
    let mut about = format!("ETag: {etag}\r\nLast-Modified: {}\r\nx-ms-blob-type: BlockBlob\r\n", written(key).1);
    let part = match range {
        None => bytes.as_slice(),
        Some((from, _)) if from >= bytes.len() => return reply(out, method, 416, "", b"<Error><Code>InvalidRange</Code></Error>", None),
        Some((from, to)) => {
            let to = to.min(bytes.len());
            about.push_str(&format!("Content-Range: bytes {from}-{}/{}\r\n", to - 1, bytes.len()));
            &bytes[from..to]
        }
    };
    let cut = if let Some(Fault::CutAfter(cut)) = fault { Some(cut) } else { None };
    reply(out, method, if range.is_some() { 206 } else { 200 }, &about, part, cut)
}

fn reply(out: &mut TcpStream, method: &str, status: u16, headers: &str, body: &[u8], cut: Option<usize>) -> Option<()> {
    write!(out, "HTTP/1.1 {status} Words\r\nContent-Length: {}\r\n{headers}\r\n", body.len()).ok()?;
    if method != "HEAD" {
        let sent = body.get(..cut.unwrap_or(body.len())).unwrap_or(body);
        out.write_all(sent).ok()?;
    }
    out.flush().ok()?;
    if cut.is_some() {
        out.shutdown(std::net::Shutdown::Both).ok()?;
        return None;
    }
    Some(())
}

fn written(key: &str) -> (&'static str, &'static str) {
    if key.contains("old") { WRITTEN[0] } else { WRITTEN[1] }
}

/// A page of a listing, as S3 and Google write it or, where it is asked so, Azure.
fn listing(objects: &BTreeMap<String, Vec<u8>>, query: &BTreeMap<String, String>, page: usize) -> String {
    let is_azure = query.get("comp").is_some_and(|comp| comp == "list");
    let prefix = query.get("prefix").map_or("", String::as_str);
    let delimiter = query.get("delimiter").map(String::as_str);
    let mut folders: Vec<&str> = Vec::new();
    let mut keys: Vec<&String> = Vec::new();
    for key in objects.keys().filter(|key| key.starts_with(prefix)) {
        match delimiter.and_then(|delimiter| key[prefix.len()..].find(delimiter)) {
            Some(at) => folders.push(&key[..=prefix.len() + at]),
            None => keys.push(key),
        }
    }
    folders.dedup();
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
    let mut entries = String::new();
    let after = query.get("start-after").map_or("", String::as_str);
    let from = query.get("startFrom").map_or("", String::as_str);
    let start = page.max(keys.partition_point(|key| key.as_str() <= after || key.as_str() < from));
    let size = query.get("max-keys").or(query.get("maxresults")).map_or(PAGE, |size| size.parse::<usize>().unwrap().min(PAGE));
    for key in keys.iter().skip(start).take(size) {
        let (name, bytes, (iso, rfc)) = (escaped(key), objects[*key].len(), written(key));
        entries.push_str(&if is_azure {
            format!(
                "<Blob><Name>{name}</Name><Properties><Last-Modified>{rfc}</Last-Modified><Etag>etag</Etag><Content-Length>{bytes}</Content-Length>\
                 <Content-Type>text/plain</Content-Type><BlobType>BlockBlob</BlobType></Properties></Blob>"
            )
        } else {
            format!("<Contents><Key>{name}</Key><LastModified>{iso}</LastModified><ETag>\"etag\"</ETag><Size>{bytes}</Size></Contents>")
        });
    }
    for folder in folders {
        let (name, tag) = (escaped(folder), if is_azure { "BlobPrefix" } else { "CommonPrefixes" });
        let part = if is_azure { "Name" } else { "Prefix" };
        entries.push_str(&format!("<{tag}><{part}>{name}</{part}></{tag}>"));
    }
    let next = if keys.len() > start + size { (start + size).to_string() } else { String::new() };
    if is_azure {
        format!("<?xml version=\"1.0\"?><EnumerationResults><Blobs>{entries}</Blobs><NextMarker>{next}</NextMarker></EnumerationResults>")
    } else {
        let token = if next.is_empty() { String::new() } else { format!("<NextContinuationToken>{next}</NextContinuationToken>") };
        format!("<?xml version=\"1.0\"?><ListBucketResult><Name>{BUCKET}</Name>{token}{entries}</ListBucketResult>")
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).unwrap()
}
