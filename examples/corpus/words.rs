//! What healthy tasks say: sentences with places for values, and the values.
//!
//! Some look like trouble and are none (`timeout=30`, `0 errors`, `error_rate`): a search that stops at every such word is slow on real logs.

use std::fmt::Write as _;

use super::random::Random;

/// A sentence, who says it, and where in the code that stands.
#[derive(Debug)]
pub(crate) struct Saying {
    pub(crate) logger: &'static str,
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) text: &'static str,
}

const fn say(logger: &'static str, file: &'static str, line: u32, text: &'static str) -> Saying {
    Saying { logger, file, line, text }
}

/// `$n` a small number, `$e` a digit, `$N` a large one, `$f` a decimal fraction, `$t` a table, `$h` a host, `$x` hexadecimal digits, `$d` a date, `$p` a path in a
/// bucket, `$w` a word, `$c` a place's name, `$u` an address.
pub(crate) const SAYINGS: &[Saying] = &[
    say("jobs.load", "load.py", 41, "$N rows read from $t in $f s"),
    say("jobs.load", "load.py", 58, "wrote $N rows to $t, skipped $n duplicates, 0 errors"),
    say("jobs.load", "load.py", 63, "partition ds=$d of $t: $N rows before, $N after"),
    say("jobs.load", "load.py", 77, "chunk $n of $n done ($N records, $f MB)"),
    say("jobs.load", "load.py", 91, "watermark moved from $dT00:00:00Z to $dT06:00:00Z"),
    say("jobs.load", "load.py", 102, "column $w: $n nulls of $N values, $n distinct"),
    say("jobs.load", "load.py", 118, "no new files below $p since $d"),
    say("jobs.load", "load.py", 121, "settings: chunk_rows=$N timeout=30 retries=3 on_error=stop"),
    say("jobs.prices", "prices.py", 27, "price list $x has $N entries, currency EUR, valid from $d"),
    say("jobs.prices", "prices.py", 35, "$w: old $f new $f"),
    say("jobs.prices", "prices.py", 44, "branch $c: $N articles, turnover $f €"),
    say("jobs.prices", "prices.py", 52, "Größenänderung für Artikel $N: «$w» → «$w»"),
    say("jobs.stock", "stock.py", 19, "warehouse $c ($x): $N on hand, $n reserved, $n on order"),
    say("jobs.stock", "stock.py", 33, "取込完了: 店舗 $c、$N 件"),
    say("jobs.stock", "stock.py", 47, "recount of aisle $n starts at 0$e:15"),
    say("jobs.features", "features.py", 70, "epoch $n/$n loss=$f val_loss=$f error_rate=0.0$n"),
    say("jobs.features", "features.py", 84, "feature $w_$n: mean $f, standard deviation $f"),
    say("jobs.features", "features.py", 95, "model $x saved to $p ($f MB)"),
    say("jobs.http", "client.py", 60, "GET $u -> 200 ($n ms, $N bytes)"),
    say("jobs.http", "client.py", 64, "POST $u -> 201 ($n ms) id=$x"),
    say("jobs.http", "client.py", 71, "page $n of $n: $n items, next cursor $x$x"),
    say("jobs.http", "client.py", 75, "answer from $h after $n ms, etag $x"),
    say("jobs.http", "client.py", 80, "quota: $n of 1000 calls left this hour"),
    say("httpx", "_client.py", 1025, "HTTP Request: GET $u \"HTTP/1.1 200 OK\""),
    say("httpx", "_client.py", 1025, "HTTP Request: PUT $u \"HTTP/1.1 204 No Content\""),
    say("jobs.sql", "sql.py", 22, "Running statement: SELECT $w, count(*) FROM $t WHERE ds = '$d' GROUP BY 1, parameters: None"),
    say(
        "jobs.sql",
        "sql.py",
        22,
        "Running statement: INSERT INTO $t (id, $w, amount) SELECT id, $w, sum(amount) FROM $t WHERE status <> 'failed' GROUP BY 1, 2",
    ),
    say("jobs.sql", "sql.py", 29, "Rows affected: $N"),
    say("jobs.sql", "sql.py", 31, "query id 01b$x-$n finished in $f s, scanned $f GB"),
    say("jobs.sql", "sql.py", 40, "ANALYZE $t took $n ms"),
    say("airflow.hooks.base", "base.py", 84, "Retrieving connection 'warehouse_$w'"),
    say("airflow.task.hooks.sql", "sql.py", 554, "Running statement: MERGE INTO $t USING $t ON id = id, parameters: None"),
    say("airflow.task.operators.bash", "subprocess.py", 106, "$d 0$e:12:31,201 $w: step $n of $n, $N lines so far"),
    say(
        "airflow.task.operators.bash",
        "subprocess.py",
        106,
        "{\"step\": \"$w\", \"rows\": $N, \"seconds\": $f, \"errors\": [], \"ok\": true}",
    ),
    say("airflow.task.operators.bash", "subprocess.py", 106, "copied $p -> $p ($f MiB/s)"),
    say("airflow.task.operators.bash", "subprocess.py", 106, "+ gzip -9 /tmp/export/$w-$x.csv"),
    say(
        "airflow.task.operators.bash",
        "subprocess.py",
        106,
        "$d  0$e:00:17  $n of $n OK created sql table model $t ......... [SELECT $N in $fs]",
    ),
    say("airflow.task.operators.bash", "subprocess.py", 106, "$d  0$e:00:17  $n of $n START test not_null_$w_$x ................. [RUN]"),
    say(
        "airflow.task.operators.bash",
        "subprocess.py",
        106,
        "$d  0$e:00:18  $n of $n PASS not_null_$w_$x ....................... [PASS in $fs]",
    ),
    say("airflow.task.operators.bash", "subprocess.py", 106, "$d  0$e:02:44  Done. PASS=$n WARN=0 ERROR=0 SKIP=0 TOTAL=$n"),
    say(
        "airflow.task.hooks.spark_submit",
        "spark_submit.py",
        571,
        "26/03/04 02:11:4$e INFO TaskSetManager: Finished task $n.0 in stage $n.0 (TID $N) in $n ms on $h (executor $n) ($n/200)",
    ),
    say(
        "airflow.task.hooks.spark_submit",
        "spark_submit.py",
        571,
        "26/03/04 02:11:4$e INFO BlockManagerInfo: Added broadcast_$n_piece0 in memory on $h (size: $f KiB, free: $f MiB)",
    ),
    say(
        "airflow.task.hooks.spark_submit",
        "spark_submit.py",
        571,
        "26/03/04 02:11:5$e INFO DAGScheduler: ResultStage $n (save at $w.scala:$n) finished in $f s",
    ),
    say(
        "airflow.task.hooks.spark_submit",
        "spark_submit.py",
        571,
        "26/03/04 02:11:5$e INFO ShuffleBlockFetcherIterator: Getting $n ($f MiB) non-empty blocks including $n local blocks",
    ),
    say("airflow.task.hooks.spark_submit", "spark_submit.py", 571, "26/03/04 02:11:5$e INFO CodeGenerator: Code generated in $f ms"),
    say("airflow.task.pod_manager", "pod_manager.py", 529, "[base] loading $w $n/$n"),
    say("airflow.task.pod_manager", "pod_manager.py", 715, "Pod $w-$x has phase Running"),
    say("airflow.task.pod_manager", "pod_manager.py", 529, "[base] heartbeat ok, lag $n ms, memory $f MiB of 2048 MiB"),
    say("airflow.task.pod_manager", "pod_manager.py", 529, "[base] level=info msg=\"flushed batch\" rows=$N took=$nms err=null"),
    say("jobs.xcom", "steps.py", 14, "pushed {'path': '$p', 'rows': $N, 'ok': True}"),
    say("jobs.xcom", "steps.py", 18, "pulled key=return_value from $w: ['$x', '$x', '$x']"),
    say("jobs.steps", "steps.py", 25, "step $w took $f s"),
    say("jobs.steps", "steps.py", 30, "$n of $n checks passed, 0 failed, 0 skipped"),
    say("jobs.steps", "steps.py", 36, "waiting at most 600 s for $p; it is there after $n s"),
    say("jobs.steps", "steps.py", 39, "sensor poke $n: $p not there yet"),
    say("jobs.steps", "steps.py", 48, "retry budget: 3, used: 0"),
    say("jobs.steps", "steps.py", 52, "temporary folder /tmp/$w-$x removed"),
    say("jobs.steps", "steps.py", 55, "memory: $n MB resident, peak $n MB"),
    say("jobs.mail", "mail.py", 12, "report for $c sent to $n recipients"),
    say("jobs.mail", "mail.py", 20, "attachment $w-$d.xlsx: $n sheets, $N cells"),
    say("jobs.files", "files.py", 23, "upload $p: part $n of $n, md5 $x$x"),
    say("jobs.files", "files.py", 31, "listed $n objects below $p"),
    say("jobs.files", "files.py", 37, "sftp: $w_$d.csv.gz, $N bytes, 0 retries"),
    say("jobs.files", "files.py", 45, "header of $w.csv: id;$w;$w;amount;error_code;created_at"),
    say("jobs.events", "events.py", 66, "topic $w.v1 partition $n: offsets $N to $N, lag $n"),
    say("jobs.events", "events.py", 72, "committed $n offsets for group $w-loader"),
    say(
        "jobs.events",
        "events.py",
        79,
        "{\"id\": \"$x\", \"type\": \"$w.created\", \"payload\": {\"amount\": $f, \"place\": \"$c\", \"tags\": [\"$w\", \"$w\"]}}",
    ),
    say("jobs.events", "events.py", 83, "dead letters: none; handled $N"),
    say("jobs.ledger", "ledger.py", 17, "account $N: opening balance $f, $n postings, closing balance $f"),
    say("jobs.ledger", "ledger.py", 24, "period $d closed, difference 0.00"),
    say("jobs.geo", "geo.py", 8, "$c: latitude $f, longitude $f, $n stops"),
    say("jobs.geo", "geo.py", 15, "route $x: $n km, $n min, $n vehicles, no conflict"),
    say(
        "py.warnings",
        "warnings.py",
        110,
        "/opt/airflow/lib/jobs/$w.py:$n: FutureWarning: the default of $w will change in a later version",
    ),
];

const WORDS: [&str; 48] = [
    "orders",
    "items",
    "returns",
    "invoices",
    "parcels",
    "clicks",
    "sessions",
    "quotes",
    "margin",
    "region",
    "carrier",
    "budget",
    "forecast",
    "supplier",
    "customer",
    "voucher",
    "basket",
    "review",
    "shelf",
    "pallet",
    "tariff",
    "meter",
    "reading",
    "sensor_data",
    "weather",
    "traffic",
    "ticket",
    "account",
    "posting",
    "balance",
    "exchange",
    "index",
    "holiday",
    "season",
    "colour",
    "size",
    "weight",
    "segment",
    "campaign",
    "channel",
    "article",
    "category",
    "brand_name",
    "stock_level",
    "shipment",
    "delivery",
    "contract",
    "schedule",
];

const PLACES: [&str; 16] = [
    "Zürich",
    "Genève",
    "København",
    "Łódź",
    "São Paulo",
    "Québec",
    "東京",
    "Αθήνα",
    "Leeds",
    "Porto",
    "Graz",
    "Bergen",
    "Nantes",
    "Torino",
    "Gent",
    "Brno",
];

const SCHEMAS: [&str; 6] = ["raw", "staging", "core", "mart", "finance", "public"];

pub(crate) fn word(random: &mut Random) -> &'static str {
    random.of(&WORDS)
}

/// Writes a sentence with values in its places.
pub(crate) fn fill(out: &mut String, text: &str, random: &mut Random) {
    let mut pieces = text.split('$');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let mut rest = piece.chars();
        value(out, rest.next().unwrap_or_default(), random);
        out.push_str(rest.as_str());
    }
}

// Writing to a string cannot fail.
fn value(out: &mut String, kind: char, random: &mut Random) {
    let _ = match kind {
        'n' => write!(out, "{}", 1 + random.below(997)),
        'e' => write!(out, "{}", random.below(10)),
        'N' => {
            let bits = 10 + random.below(14);
            write!(out, "{}", 1_000 + random.below(1 << bits))
        }
        'f' => write!(out, "{}.{:02}", random.below(200), random.below(100)),
        't' => write!(out, "{}.{}_{}", random.of(&SCHEMAS), word(random), random.of(&WORDS)),
        'h' => write!(out, "10.{}.{}.{}", random.below(32), random.below(256), 1 + random.below(254)),
        'x' => write!(out, "{:08x}", random.next() >> 32),
        'd' => write!(out, "2026-{:02}-{:02}", 1 + random.below(12), 1 + random.below(28)),
        'p' => write!(out, "s3://lake/{}/ds=2026-02-{:02}/part-{:05}.parquet", word(random), 1 + random.below(28), random.below(400)),
        'w' => write!(out, "{}", word(random)),
        'c' => write!(out, "{}", random.of(&PLACES)),
        'u' => write!(
            out,
            "https://{}-api.example.com:8443/v1/{}/{}?page={}",
            random.of(&["orders", "stock", "prices", "crm"]),
            word(random),
            random.below(100_000),
            1 + random.below(90)
        ),
        other => write!(out, "${other}"),
    };
}
