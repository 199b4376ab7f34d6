"""HTTP servers with faults, a DNS responder and a load generator. Standard library only.

    faulty_server.py serve --tls DIR [--only NAME | --except NAME]
    faulty_server.py load --site orders-api --clients 12 --ramp 30 --seconds 80

Every fault is produced the way a real server or balancer produces it, by what
it does with its sockets. Nothing here writes an Airflow log.
"""

import argparse
import http.client
import json
import os
import socket
import ssl
import struct
import threading
import time

import sites


def log(text):
    print(time.strftime("%H:%M:%S"), text, flush=True)


class Request:
    """One HTTP/1.1 request: the head is parsed at once, the body is read on demand."""

    def __init__(self, reader):
        line = reader.readline(65536).decode("latin-1").split()
        if len(line) < 2:
            raise EOFError("connection closed between requests")
        self.method, self.path = line[0], line[1]
        self.headers = http.client.parse_headers(reader)
        self.length = int(self.headers.get("Content-Length", 0))
        self._reader, self._body = reader, None

    def body(self):
        if self._body is None:
            self._body = self._reader.read(self.length)
        return self._body


def reset(conn):
    """Close so that the peer gets RST and not FIN."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


class Site:
    """A healthy HTTP server; subclasses override `answer` or `serve`."""

    keep_alive = True

    def __init__(self, name, address, port, tls_dir, cert=None):
        self.name, self.lock = name, threading.Lock()
        self.context = None
        if cert:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            base = os.path.join(tls_dir, cert)
            self.context.load_cert_chain(base + ".pem", base + ".key")
        self.listener = socket.create_server((address, port), backlog=128)

    def run(self):
        log(f"{self.name} listens on {self.listener.getsockname()}")
        while True:
            conn, _ = self.listener.accept()
            threading.Thread(target=self._guard, args=(conn,), daemon=True).start()

    def _guard(self, conn):
        try:
            if self.context:
                conn = self.context.wrap_socket(conn, server_side=True)
            self.serve(conn)
        except (OSError, EOFError):
            pass  # the client went away, or the fault closed the connection
        finally:
            conn.close()

    def serve(self, conn):
        reader = conn.makefile("rb")
        while True:
            request = Request(reader)
            status, payload = self.answer(request)
            self.respond(conn, status, payload)
            if not self.keep_alive or request.headers.get("Connection") == "close":
                # Closing the file too: a live file object would hold the socket open.
                reader.close()
                return

    def answer(self, request):
        """Return (status, payload) for a request."""
        request.body()
        time.sleep(0.02)
        return (201 if request.method == "POST" else 200), {"site": self.name, "items": list(range(20))}

    def respond(self, conn, status, payload, extra=""):
        body = json.dumps(payload).encode()
        reason = http.client.responses.get(status, "")
        link = "keep-alive" if self.keep_alive else "close"
        head = (
            f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: {link}\r\n{extra}\r\n"
        )
        conn.sendall(head.encode() + body)


class Saturating(Site):
    """A server with a fixed number of slots.

    The fuller it is the slower it answers; its last slots only answer 503; a
    connection beyond the last slot is closed without a response.
    """

    keep_alive = False

    def __init__(self, *args, slots, **kwargs):
        super().__init__(*args, **kwargs)
        self.slots, self.active = slots, 0

    def serve(self, conn):
        reader = conn.makefile("rb")
        request = Request(reader)
        with self.lock:
            if self.active >= self.slots:
                log(f"{self.name} full ({self.active}), closes {request.method} {request.path}")
                reader.close()
                return
            self.active += 1
            active = self.active
        try:
            request.body()
            time.sleep(0.05 * 2 ** (active - 1))
            if active == self.slots:
                self.respond(conn, 503, {"error": "no free worker"}, "Retry-After: 5\r\n")
            else:
                self.respond(conn, *Site.answer(self, request))
        finally:
            with self.lock:
                self.active -= 1


class IdleClosing(Site):
    """Forgets a keep-alive connection after `idle` seconds without telling the client.

    This is what a balancer with an expired flow does: nothing is sent at the
    deadline, and the next bytes on the old connection are answered by RST (or
    by FIN without a response when `reset` is false).
    """

    def __init__(self, *args, idle, reset, **kwargs):
        super().__init__(*args, **kwargs)
        self.idle, self.reset = idle, reset

    def serve(self, conn):
        reader = conn.makefile("rb")
        while True:
            waited_since = time.monotonic()
            request = Request(reader)
            if time.monotonic() - waited_since > self.idle:
                reader.close()
                if self.reset:
                    reset(conn)
                return
            self.respond(conn, *self.answer(request))


class SlowReset(Site):
    """Answers slowly; when its process dies, its open connections are reset."""

    def __init__(self, *args, delay, **kwargs):
        super().__init__(*args, **kwargs)
        self.delay = delay

    def serve(self, conn):
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        super().serve(conn)

    def answer(self, request):
        time.sleep(self.delay)
        return super().answer(request)


class SlowPaths(Site):
    """Healthy, but some paths take very long."""

    def __init__(self, *args, slow, **kwargs):
        super().__init__(*args, **kwargs)
        self.slow = slow

    def answer(self, request):
        time.sleep(self.slow.get(request.path.split("?")[0], 0))
        return super().answer(request)


class Intake(Site):
    """Refuses large bodies with 413 and bad fields with 400."""

    def __init__(self, *args, max_body, **kwargs):
        super().__init__(*args, **kwargs)
        self.max_body = max_body

    def answer(self, request):
        body = request.body()
        if len(body) > self.max_body:
            return 413, {"error": f"body of {len(body)} bytes, at most {self.max_body} are accepted"}
        if request.path == "/v1/forms":
            date = json.loads(body).get("invoice_date", "")
            if len(date) != 10:
                return 400, {"error": "invoice_date: expected YYYY-MM-DD", "got": date}
        return 201, {"stored": len(body)}


class TokenIssuer(Site):
    """Hands out bearer tokens that expire after `lifetime` seconds."""

    def __init__(self, *args, lifetime, **kwargs):
        super().__init__(*args, **kwargs)
        self.lifetime, self.issued = lifetime, {}

    def answer(self, request):
        request.body()
        if request.path == "/oauth/token":
            token = os.urandom(8).hex()
            self.issued[token] = time.monotonic()
            return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime}
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.issued:
            return 401, {"error": "invalid_token", "error_description": "unknown token"}
        if time.monotonic() - self.issued[token] > self.lifetime:
            return 401, {"error": "invalid_token", "error_description": "token expired"}
        return 200, {"items": list(range(50))}


class Counting(Site):
    """Treats the first `times` requests of each X-Batch otherwise than the later ones; how, a subclass says."""

    def __init__(self, *args, times, **kwargs):
        super().__init__(*args, **kwargs)
        self.times, self.seen = times, {}

    def is_early(self, request):
        batch = request.headers.get("X-Batch", "")
        with self.lock:
            self.seen[batch] = self.seen.get(batch, 0) + 1
            return self.seen[batch] <= self.times


class FailFirst(Counting):
    """Answers 503 to the first requests of each X-Batch on one path, then works."""

    def __init__(self, *args, path, **kwargs):
        super().__init__(*args, **kwargs)
        self.path = path

    def answer(self, request):
        if request.path == self.path and self.is_early(request):
            request.body()
            return 503, {"error": "label printer queue is paused"}
        return super().answer(request)


class CloseFirst(Counting):
    """Closes the first connections of each X-Batch without a response, then works."""

    def answer(self, request):
        if self.is_early(request):
            raise EOFError("closed on purpose")
        return super().answer(request)


class ReadyLater(Counting):
    """Healthy; says `ready: false` to the first requests of each X-Batch, then `ready: true`."""

    def answer(self, request):
        return 200, {"ready": not self.is_early(request)}


def serve_dns():
    """Answer A queries for the names of the table that are not in /etc/hosts."""
    table = {
        f"{name}.{sites.DOMAIN}": address
        for name, (address, *_) in sites.SITES.items()
        if name not in sites.IN_HOSTS_FILE
    }
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((sites.DNS_ADDRESS, 53))
    while True:
        query, client = sock.recvfrom(512)
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12 : at + 5]
        address = table.get(".".join(labels).lower())
        is_a = query[at + 1 : at + 3] == b"\0\1"
        answers = b""
        if address and is_a:
            answers = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 30, 4) + socket.inet_aton(address)
        flags = b"\x81\x80" if address else b"\x81\x83"  # NOERROR or NXDOMAIN
        counts = struct.pack(">HHHH", 1, 1 if answers else 0, 0, 0)
        sock.sendto(query[:2] + flags + counts + question + answers, client)


def serve(options):
    for name, (address, port, behaviour, arguments) in sites.SITES.items():
        if not behaviour or (options.only and name != options.only) or name == options.skip:
            continue
        site = globals()[behaviour](name, address, port, options.tls, **arguments)
        threading.Thread(target=site.run, daemon=True).start()
    if not options.only:
        threading.Thread(target=serve_dns, daemon=True).start()
    threading.Event().wait()


def load(options):
    """Other clients of a site: their number grows linearly during the ramp."""
    address, port = sites.SITES[options.site][:2]
    end = time.monotonic() + options.seconds

    def client(start_after):
        time.sleep(start_after)
        while time.monotonic() < end:
            try:
                conn = http.client.HTTPConnection(address, port, timeout=30)
                conn.request("GET", "/v1/orders?page=1")
                conn.getresponse().read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)

    step = options.ramp / options.clients
    threads = [threading.Thread(target=client, args=(n * step,)) for n in range(options.clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("serve")
    command.add_argument("--tls", default=".", help="folder with the certificates")
    command.add_argument("--only", help="serve this site alone, without DNS")
    command.add_argument("--except", dest="skip", help="serve all sites but this one")
    command.set_defaults(run=serve)
    command = commands.add_parser("load")
    command.add_argument("--site", required=True)
    command.add_argument("--clients", type=int, default=12)
    command.add_argument("--ramp", type=float, default=30)
    command.add_argument("--seconds", type=float, default=80)
    command.set_defaults(run=load)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
