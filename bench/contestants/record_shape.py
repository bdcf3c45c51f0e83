"""An element as a dict in the shape that all contestants write, and the heavy function of the transform scenario."""
import hashlib

WHITE_SPACE = " \t\r\n"
XML_NAMESPACE = "{http://www.w3.org/XML/1998/namespace}"
DIGESTS = 200


def to_record(element):
    record = {}
    for name, value in element.attrib.items():
        record["@_" + name.replace(XML_NAMESPACE, "xml:")] = value
    text = (element.text or "").strip(WHITE_SPACE)
    for child in element:
        tag = child.tag
        if isinstance(tag, str):
            value = to_record(child)
            if tag not in record:
                record[tag] = value
            elif isinstance(record[tag], list):
                record[tag].append(value)
            else:
                record[tag] = [record[tag], value]
        if child.tail:
            text += child.tail.strip(WHITE_SPACE)
    if not record:
        return text
    if text:
        record["#text"] = text
    return record


def transform(record):
    digest = record["title"].encode()
    for _ in range(DIGESTS):
        digest = hashlib.sha256(digest).hexdigest().encode()
    return {"title": record["title"], "digest": digest.decode()}
