"""requests + lxml.iterparse over the stream: how Python reads a document that is larger than memory."""
import json
import sys

from lxml import etree
from mill import CONVERT, RECORD, open_output, read_list, session

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
with open_output(sys.argv[2]) as output:
    for url in read_list(sys.argv[1]):
        with session().get(url, stream=True, timeout=60) as response:
            response.raise_for_status()
            for _, record in etree.iterparse(response.raw, tag=RECORD, huge_tree=True):
                output.write((dumps({"url": url, "record": CONVERT(record)}) + "\n").encode())
                record.clear()
                while record.getprevious() is not None:
                    del record.getparent()[0]
