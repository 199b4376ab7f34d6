"""Puts a folder into a bucket of moto (S3) and a container of azurite (Azure), plain, as .tar.gz and as .zip, and compares what dagnosis says of each
with what it says of the folder.

    objects.py DAGNOSIS FOLDER S3_ADDRESS AZURE_ADDRESS
"""

import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import boto3
from azure.storage.blob import BlobServiceClient

# The account that azurite has, as its documentation tells.
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

dagnosis, folder, s3_address, azure_address = sys.argv[1:]
names = sorted(path for path in Path(folder).rglob("*") if path.is_file())
objects = {f"{folder}/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in names}
packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w:gz") as archive:
    for path in names:
        archive.add(path, path.relative_to(folder).as_posix())
objects["packed/logs.tar.gz"] = packed.getvalue()
packed = io.BytesIO()
with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
    for path in names:
        archive.write(path, path.relative_to(folder).as_posix())
objects["packed/logs.zip"] = packed.getvalue()

s3 = boto3.client("s3", endpoint_url=s3_address, aws_access_key_id="id", aws_secret_access_key="key", region_name="us-east-1")
s3.create_bucket(Bucket="logs")
account = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={azure_address}/{ACCOUNT};"
container = BlobServiceClient.from_connection_string(account).create_container("logs")
for key, text in objects.items():
    s3.put_object(Bucket="logs", Key=key, Body=text)
    container.upload_blob(key, text)

environment = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AZURE"))},
    "AWS_ENDPOINT_URL": s3_address,
    "AWS_ALLOW_HTTP": "true",
    "AWS_ACCESS_KEY_ID": "id",
    "AWS_SECRET_ACCESS_KEY": "key",
    "AZURE_STORAGE_USE_EMULATOR": "true",
    "AZURITE_BLOB_STORAGE_URL": azure_address,
}


def report(path, *more):
    command = [dagnosis, path, "-f", "json", "--attempts", "all", "--fail-on", "never", *more]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"exit code {run.returncode} of {command}: {run.stderr}{run.stdout[-3000:]}")
    return run.stdout


def told(text):
    """What an archive of the same logs says too."""
    report = json.loads(text)
    totals = {name: count for name, count in report["totals"].items() if name not in ("files", "bytes")}
    return totals, [(incident["id"], incident["title"], incident["confidence"]) for incident in report["incidents"]]


want = report(folder)
for bucket in "s3://logs", "az://logs":
    for threads in "1", "8":
        got = report(f"{bucket}/{folder}", "--threads", threads)
        if got.replace(f"{bucket}/{folder}", folder) != want:
            sys.exit(f"{bucket}/{folder} gives another report than {folder}, with {threads} threads")
    for name in "logs.tar.gz", "logs.zip":
        if told(report(f"{bucket}/packed/{name}")) != told(want):
            sys.exit(f"{bucket}/packed/{name} gives another report than {folder}")
    print(f"{bucket}: the report of {folder}, byte for byte but for paths; and its incidents from .tar.gz and .zip")
