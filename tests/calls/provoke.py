"""Provokes failures of client libraries on the loopback interface and writes what they say to said.txt, as the test of
src/record/call/said_tests.rs reads it. Nothing leaves the machine but questions for a name that never exists (RFC 6761).

    pip install requests urllib3 httpx aiohttp psycopg2-binary PyMySQL redis boto3 SQLAlchemy paramiko pymongo \
        mysql-connector-python grpcio kafka-python-ng
    python3 provoke.py

Of each traceback the lines of source code are left out, and paths are those of a usual installation.
"""

import asyncio
import importlib.metadata
import logging
import re
import signal
import socket
import struct
import sys
import threading
import time
import traceback
import urllib.request
from pathlib import Path

import aiohttp
import boto3
import grpc
import httpx
import kafka
import mysql.connector
import paramiko
import psycopg2
import pymongo
import pymysql
import redis
import requests
import sqlalchemy
import urllib3
from botocore.config import Config
from redis.backoff import NoBackoff
from redis.retry import Retry as RedisRetry

SAID = []
NOWHERE = "no-such-host.invalid"
SECRET = "hunter2"


def failing(name, package, call):
    """Notes how a call fails."""
    version = importlib.metadata.version(package) if package != "python" else sys.version.split()[0]
    signal.alarm(20)
    try:
        answer = call()
        if asyncio.iscoroutine(answer):
            asyncio.run(answer)
    except Exception:
        note(f"{name} ({package} {version})", traceback.format_exc())
    finally:
        signal.alarm(0)


def note(title, text):
    text = re.sub(r'( +File ".*\n)    .*\n(?:    [ ~^]+\n)?', r"\1", text)
    text = re.sub(r'File ".*/site-packages/', 'File "/home/airflow/.local/lib/python3.11/site-packages/', text)
    text = re.sub(r'File ".*/\.pyenv/versions/[^/]*/', 'File "/usr/local/', text)
    text = re.sub(r'File ".*/provoke.py"', 'File "/opt/airflow/dags/provoke.py"', text)
    SAID.append(f"== {title}\n{text.rstrip()}\n")


def serve(port, handle):
    listening = socket.create_server(("127.0.0.1", port), reuse_port=True)

    def accept():
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=handle, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def answer(data):
    def handle(connection):
        connection.recv(65536)
        connection.sendall(data)
        time.sleep(0.1)
        connection.close()

    return handle


def reset(connection):
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def busy(connection):
    while connection.recv(65536):
        connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy")


# What each port does; nothing listens at the first.
PORTS = {"refused": 18001, "silent": 18002, "reset": 18003, "short": 18004, "chunk": 18005, "busy": 18006, "junk": 18007, "full": 18008}
serve(PORTS["silent"], lambda connection: time.sleep(60))
serve(PORTS["reset"], reset)
serve(PORTS["short"], answer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789"))
serve(PORTS["chunk"], answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n20\r\nabc"))
serve(PORTS["busy"], busy)
serve(PORTS["junk"], answer(b"HELLO THERE\r\n\r\n"))
# One whose queue is full: connecting to it takes for ever.
full = socket.create_server(("127.0.0.1", PORTS["full"]), backlog=0)
waiting = [socket.socket() for _ in range(4)]
for one in waiting:
    one.setblocking(False)
    one.connect_ex(full.getsockname())


def url(kind, scheme="http"):
    return f"{scheme}://127.0.0.1:{PORTS[kind]}/v1/items?token={SECRET}"


async def aiohttp_get(address, **settings):
    async with aiohttp.ClientSession(**settings) as session, session.get(address) as response:
        await response.read()


def http():
    for kind in ("refused", "silent", "reset", "short", "chunk", "junk"):
        failing(f"requests {kind}", "requests", lambda: requests.post(url(kind), data="x", timeout=0.5))
        failing(f"urllib3 {kind}", "urllib3", lambda: urllib3.PoolManager(retries=False).request("GET", url(kind), timeout=0.5))
        failing(f"httpx {kind}", "httpx", lambda: httpx.put(url(kind), timeout=0.5))
        total = aiohttp.ClientTimeout(total=0.5)
        failing(f"aiohttp {kind}", "aiohttp", lambda: aiohttp_get(url(kind), timeout=total))
    failing("aiohttp connect", "aiohttp", lambda: aiohttp_get(url("full"), timeout=aiohttp.ClientTimeout(sock_connect=0.3)))
    failing("aiohttp read", "aiohttp", lambda: aiohttp_get(url("silent"), timeout=aiohttp.ClientTimeout(sock_read=0.3)))
    failing("requests connect", "requests", lambda: requests.get(url("full"), timeout=(0.3, 5)))
    failing("httpx connect", "httpx", lambda: httpx.get(url("full"), timeout=0.3))
    for name, tls in (("tls", url("junk", "https")), ("dns", f"https://{NOWHERE}/v1/items?token={SECRET}"), ("ipv6", "http://[::1]:1/v1")):
        failing(f"requests {name}", "requests", lambda: requests.get(tls, timeout=5))
        failing(f"httpx {name}", "httpx", lambda: httpx.get(tls, timeout=5))
        failing(f"aiohttp {name}", "aiohttp", lambda: aiohttp_get(tls))
    failing("requests busy", "requests", lambda: requests.get(url("busy")).raise_for_status())
    failing("httpx busy", "httpx", lambda: httpx.get(url("busy")).raise_for_status())
    failing("aiohttp busy", "aiohttp", lambda: aiohttp_get(url("busy"), raise_for_status=True))
    proxy = {"http": f"http://loader:{SECRET}@127.0.0.1:{PORTS['refused']}"}
    failing("requests proxy", "requests", lambda: requests.get(f"http://api.lab/v1/items?token={SECRET}", proxies=proxy))
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(max_retries=urllib3.Retry(total=2, status_forcelist=[503])))
    failing("requests retries", "requests", lambda: session.get(url("busy")))
    failing("urllib refused", "python", lambda: urllib.request.urlopen(url("refused")))
    failing("urllib silent", "python", lambda: urllib.request.urlopen(url("silent"), timeout=0.3))
    failing("urllib dns", "python", lambda: urllib.request.urlopen(f"http://{NOWHERE}/v1"))


def databases():
    def postgres(port, host="127.0.0.1", **settings):
        return psycopg2.connect(host=host, port=port, user="loader", password=SECRET, dbname="orders", **settings)

    failing("psycopg2 refused", "psycopg2-binary", lambda: postgres(PORTS["refused"], "localhost"))
    failing("psycopg2 silent", "psycopg2-binary", lambda: postgres(PORTS["silent"], connect_timeout=2))
    failing("psycopg2 reset", "psycopg2-binary", lambda: postgres(PORTS["reset"]))
    failing("psycopg2 ipv6", "psycopg2-binary", lambda: postgres(1, "::1"))
    failing("psycopg2 dns", "psycopg2-binary", lambda: postgres(5432, NOWHERE))

    def mysql(port, host="127.0.0.1"):
        return pymysql.connect(host=host, port=port, user="loader", password=SECRET, database="orders")

    failing("pymysql refused", "PyMySQL", lambda: mysql(PORTS["refused"]))
    failing("pymysql dns", "PyMySQL", lambda: mysql(3306, NOWHERE))
    settings = {"host": "127.0.0.1", "port": PORTS["refused"], "user": "loader", "password": SECRET}
    failing("mysql-connector refused", "mysql-connector-python", lambda: mysql_connector(settings))
    for driver in ("postgresql+psycopg2", "mysql+pymysql"):
        address = f"{driver}://loader:{SECRET}@127.0.0.1:{PORTS['refused']}/orders"
        failing(f"sqlalchemy {driver}", "SQLAlchemy", lambda: sqlalchemy.create_engine(address).connect())
    client = pymongo.MongoClient("127.0.0.1", PORTS["refused"], serverSelectionTimeoutMS=300)
    failing("pymongo refused", "pymongo", lambda: client.admin.command("ping"))


def mysql_connector(settings):
    return mysql.connector.connect(**settings)


def others():
    once = RedisRetry(NoBackoff(), 0)

    def cache(port, host="127.0.0.1", **settings):
        return redis.Redis(host=host, port=port, password=SECRET, retry=once, **settings).get("x")

    failing("redis refused", "redis", lambda: cache(PORTS["refused"]))
    failing("redis reset", "redis", lambda: cache(PORTS["reset"]))
    failing("redis silent", "redis", lambda: cache(PORTS["silent"], socket_timeout=0.3))
    failing("redis connect", "redis", lambda: cache(PORTS["full"], socket_connect_timeout=0.3))
    failing("redis dns", "redis", lambda: cache(6379, NOWHERE))

    def bucket(address, **settings):
        config = Config(retries={"max_attempts": 0}, **settings)
        keys = {"aws_access_key_id": "loader", "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
        return boto3.client("s3", endpoint_url=address, config=config, **keys).get_object(Bucket="b", Key="k")

    def address(kind):
        return f"http://127.0.0.1:{PORTS[kind]}"

    failing("boto3 refused", "boto3", lambda: bucket(address("refused")))
    failing("boto3 reset", "boto3", lambda: bucket(address("reset")))
    failing("boto3 silent", "boto3", lambda: bucket(address("silent"), read_timeout=0.5))
    failing("boto3 connect", "boto3", lambda: bucket(address("full"), connect_timeout=0.3))
    failing("boto3 busy", "boto3", lambda: bucket(address("busy")))
    failing("boto3 dns", "boto3", lambda: bucket(f"https://{NOWHERE}"))

    def shell(port):
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect("127.0.0.1", port=port, username="loader", password=SECRET)

    failing("paramiko refused", "paramiko", lambda: shell(PORTS["refused"]))
    failing("paramiko reset", "paramiko", lambda: shell(PORTS["reset"]))
    channel = grpc.insecure_channel(f"127.0.0.1:{PORTS['refused']}")
    failing("grpc refused", "grpcio", lambda: channel.unary_unary("/lab.Items/List")(b"", timeout=1))
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logging.getLogger("kafka").addHandler(handler)
    servers = f"127.0.0.1:{PORTS['refused']}"
    failing("kafka refused", "kafka-python-ng", lambda: kafka.KafkaProducer(bootstrap_servers=servers, api_version_auto_timeout_ms=300))
    version = importlib.metadata.version("kafka-python-ng")
    for name, words in (("kafka attempt", "onnect attempt"), ("kafka closing", "Closing connection")):
        line = next(line for line in lines if words in line)
        note(f"{name} (kafka-python-ng {version})", line)


logging.getLogger("paramiko").setLevel(logging.CRITICAL)
http()
databases()
others()
Path(__file__).with_name("said.txt").write_text("\n".join(SAID))
