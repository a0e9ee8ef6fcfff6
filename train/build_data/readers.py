"""The formats that sources come in: one small reader each, from a file's text to what it holds."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from train.build_data.archives import decode
from train.data.download import DatasetError


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


def without_links(markdown: str) -> str:
    """Images go, and of links their words stay."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"!\[[^\]]*\]\([^)]*\)", "", markdown))


def zipped_texts(content: bytes) -> Iterator[tuple[str, str]]:
    """(name, text) of the text files in a zip archive that a repository holds."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".txt"):
                yield name, decode(archive.read(name))


def unpacked(content: bytes) -> str:
    """The text of a file that Zstandard compressed. DatasetError without the library for it."""
    try:
        import pyarrow
    except ImportError as error:
        raise DatasetError(
            "Files compressed by Zstandard are read through pyarrow; run `pip install pyarrow`."
        ) from error
    with pyarrow.input_stream(pyarrow.BufferReader(content), compression="zstd") as stream:
        return decode(stream.read())
