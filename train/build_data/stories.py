"""Short stories: fairy tales in tables, and the picture books of two free libraries."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.books import JUNK, is_verse, join_lines, sentence_case_start
from train.build_data.cleaning import is_english, normalise, paragraphs, tidy
from train.build_data.document import Document

_FREE = ("CC-BY", "CC BY", "CC-BY 4.0", "CC0", "CC-BY-4.0", "PUBLIC DOMAIN")  # not CC-BY-NC


def fairytales(archives: Sequence[Archive]) -> Iterator[Document]:
    """FairytaleQA: one CSV file per tale; the column "text" has its sections in order."""
    [archive] = archives
    for path in archive.paths(r"data-by-origin.*/section-stories/.*\.csv"):
        prose = []
        for row in csv.DictReader(io.StringIO(normalise(archive.text(path)))):
            for block in paragraphs(row.get("text") or ""):
                lines = [line for line in block.split("\n") if line.strip()]
                if len(lines) > 2 and is_verse(lines):
                    continue
                text = tidy(re.sub(r" ?-- ?", "--", join_lines(lines).replace("_", "")))
                if len(text) > 1 and not JUNK.search(text):
                    prose.append(text)
        text = "\n\n".join([sentence_case_start(prose[0]), *prose[1:]] if prose else [])
        if len(text) > 500:
            yield Document(path, text)


def storybook(archives: Sequence[Archive]) -> Iterator[Document]:
    """Picture books in Markdown: "# Title", "##" before each page, credits in a list at the end.

    Only those under a licence that lets anyone use them for anything.
    """
    [archive] = archives
    for path in archive.paths(r"en/.*\.md"):
        text = normalise(archive.text(path))
        licence = re.search(r"License:\s*\[?([A-Za-z0-9\- .]+)", text)
        if licence is None or licence[1].strip().rstrip("]").upper() not in _FREE:
            continue
        text = text.partition("* License")[0]
        title = re.match(r"#\s*(.+)", text)
        body = re.sub(r"^#[^\n]*\n", "", text, count=1)
        pages = [title[1].strip()] if title else []
        for block in re.split(r"\n##[^\n]*\n|\n\s*\n", body):
            page = tidy(re.sub(r"[*_#\\]", "", block.replace("\n", " ")))
            if len(page) > 1 and re.search("[a-z]", page):
                pages.append(page)
        text = "\n\n".join(pages)
        if len(text) > 300 and is_english(text, share=0.22):
            yield Document(path, text)


def storybook_credit(archive: Archive, path: str) -> str:
    """The line that a story's licence asks for: file, title, people and licence, tab separated."""
    text = archive.text(path)
    title = re.match(r"#\s*(.+)", text)
    fields = [path, title[1].strip() if title else ""]
    for key in ("Text", "Illustration", "Translation", "License"):
        match = re.search(rf"\* {key}:\s*(.+)", text)
        fields.append(match[1].strip() if match else "")
    return "\t".join(fields)
