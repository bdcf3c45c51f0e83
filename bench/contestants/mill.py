"""What the Python contestants share: download one document with a session of its thread, and make JSON lines of its records."""
import json
import os
import sys
import threading

import requests
from lxml import etree
from record_shape import to_record, transform

RECORD = os.environ["BENCH_RECORD"]
CONCURRENCY = int(os.environ["BENCH_CONCURRENCY"])
CONVERT = (lambda element: transform(to_record(element))) if os.environ.get("BENCH_TRANSFORM") else to_record

local = threading.local()


def session():
    if not hasattr(local, "session"):
        local.session = requests.Session()
        # No look-up of proxies and .netrc for every request.
        local.session.trust_env = False
    return local.session


def download(url):
    response = session().get(url, timeout=60)
    response.raise_for_status()
    return response.content


def to_lines(url, body):
    root = etree.fromstring(body)
    dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    return "".join(dumps({"url": url, "record": CONVERT(record)}) + "\n" for record in root.iter(RECORD)).encode()


def read_list(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            yield line.strip()


def open_output(path):
    return sys.stdout.buffer if path == "-" else open(path, "wb")
