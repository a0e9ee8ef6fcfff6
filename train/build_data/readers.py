"""The formats that sources come in: one small reader each, from a file's text to its records."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree.ElementTree import Element

from train.build_data.archives import decode


def whole(text: str) -> list[str]:
    """A file that is one record: a page, a table that is one story."""
    return [text]


def json_records(text: str) -> Iterable[Any]:
    """The items of a JSON list, or the values of an object."""
    content = json.loads(text)
    return content.values() if isinstance(content, dict) else content


def csv_rows(text: str) -> Iterator[dict[str, str]]:
    """The rows of a table by the names in its first line; a cell that is missing is empty."""
    return csv.DictReader(io.StringIO(text), restval="")


def json_lines(text: str) -> Iterator[Any]:
    """One record per line; a line that is broken is left out."""
    for line in text.split("\n"):
        try:
            yield json.loads(line)
        except ValueError:
            continue


def xml_root(text: str) -> Element | None:
    """The top element; None if the file is broken."""
    try:
        return ElementTree.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", text))
    except ElementTree.ParseError:
        return None


def front_matter(text: str) -> tuple[str, str]:
    """The header of a Markdown page, between two lines "---", and the page below it."""
    match = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    return (match[1], text[match.end() :]) if match else ("", text)


def zipped_texts(content: bytes) -> Iterator[tuple[str, str]]:
    """(name, text) of the text files in a zip archive that a repository holds."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".txt"):
                yield name, decode(archive.read(name))
