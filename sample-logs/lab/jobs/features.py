"""Feature shards: one task builds and serves them, others fetch them from it."""

import http.client
import http.server
import logging
import threading
import time

import requests

import lab_env

log = logging.getLogger(__name__)
ADDRESS = ("127.0.1.30", 9000)
SHARD_BYTES = 6_000_000


class ShardHandler(http.server.BaseHTTPRequestHandler):
    """Sends a shard slowly, as it comes out of the encoder."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(SHARD_BYTES))
        self.end_headers()
        for _ in range(40):
            self.wfile.write(b"f" * (SHARD_BYTES // 40))
            time.sleep(0.4)

    def log_message(self, pattern, *args):
        log.info("shard server: " + pattern, *args)


def build_shards(blocks):
    """Build `blocks` blocks of features in memory; the host's share is 300 MB."""
    lab_env.join_memory_limit("feature-store", 300)
    server = http.server.ThreadingHTTPServer(ADDRESS, ShardHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    log.info("serving shards on %s:%d", *ADDRESS)
    kept = []
    for block in range(1, blocks + 1):
        kept.append(bytearray(b"\1" * (12 << 20)))
        if block % 4 == 0:
            log.info("block %d/%d, features in memory: %d MB", block, blocks, 12 * len(kept))
        time.sleep(0.5)
    time.sleep(14)  # the last readers
    server.shutdown()
    log.info("%d blocks built", blocks)


def _wait_for_server():
    for _ in range(60):
        try:
            conn = http.client.HTTPConnection(*ADDRESS, timeout=30)
            conn.connect()
            return conn
        except ConnectionRefusedError:
            time.sleep(1)
    raise RuntimeError("the shard server did not come up within 60 s")


def fetch_east():
    conn = _wait_for_server()
    conn.request("GET", "/shards/east")
    response = conn.getresponse()
    log.info("GET /shards/east %d, %s bytes announced", response.status, response.headers["Content-Length"])
    print("read", len(response.read()), "bytes")


def fetch_west():
    _wait_for_server().close()
    url = "http://features.example.internal:9000/shards/west"
    log.info("GET %s", url)
    response = requests.get(url, timeout=(3, 30))
    response.raise_for_status()
    log.info("west: %d bytes", len(response.content))
