"""Speeches, technical documentation, and the introductions of the World Factbook."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.cleaning import (
    Document,
    is_english,
    is_prose,
    normalise,
    paragraphs,
    rewritten,
    tidy,
)
from train.build_data.readers import front_matter, zipped_texts


def speeches(archives: Sequence[Archive]) -> Iterator[Document]:
    """Addresses of US presidents: two zip archives of plain text in NLTK's data."""
    [archive] = archives
    for path in archive.paths(r"packages/corpora/(?:inaugural|state_union)\.zip"):
        for name, speech in zipped_texts(archive.read(path)):
            text = "\n\n".join(_speech(normalise(speech)))
            if len(text) > 1_000 and "README" not in name:
                yield Document(name, text)


def _speech(text: str) -> Iterator[str]:
    """Its paragraphs: some files have blank lines between them, others one line for each."""
    for block in paragraphs(text) if text.count("\n\n") > 5 else text.split("\n"):
        block = tidy(block)
        capitals = sum(character.isupper() for character in block)
        if len(block) > 40 and re.search(r'[.!?"]$', block) and capitals < 0.3 * len(block):
            yield block


def docs(archives: Sequence[Archive]) -> Iterator[Document]:
    """The Rust book and the Open Source Guides, in that order."""
    patterns = (r"src/.*\.md", r"_articles/[a-z0-9-]+\.md")
    for archive, pattern in zip(archives, patterns, strict=True):
        for path, page in archive.texts(pattern):
            text = markdown_prose(page)
            if len(text) > 900 and is_english(text):
                yield Document(path, text)


_MARKDOWN_BLOCK = re.compile(  # heading, table, image, include, HTML, quote, list, code, ...
    r"\s*(?:#|\||!\[|\{|<|>|:::|\+{3}|- |\* |\d+\. |    |\t|=)"
)


def markdown_prose(text: str) -> str:
    """The paragraphs of a Markdown page, their links and emphasis as plain text."""
    text = normalise(re.sub(r"(?<!`)`(?!`)", "", text))  # `code` within a line is a word like any
    text = rewritten(front_matter(text)[1], "page: blocks")
    blocks = (block for block in paragraphs(text) if not _MARKDOWN_BLOCK.match(block))
    return "\n\n".join(block for block in map(_markdown_paragraph, blocks) if block)


def _markdown_paragraph(block: str) -> str:
    """Plain text, or "" for what is no prose."""
    block = rewritten(block, "page: inline")
    if "''" in block:  # what is left of ``code``
        return ""
    block = tidy(html.unescape(rewritten(block, "page: emphasis")))
    is_code = re.search(r"https?:|[{}|<>\\=@#$]|\]\(|\[|\]|::|->|\(\)", block)
    return block if is_prose(block, 50, letters=0.9) and not is_code else ""


def background(country: str) -> str:
    """The World Factbook's "Background" of a country, a JSON file; surnames are in capitals."""
    try:
        text = json.loads(country)["Introduction"]["Background"]["text"]
    except (ValueError, KeyError, TypeError):  # oceans and the like have no background
        return ""
    text = re.sub(r"<br ?/?>\s*", "\n\n", text)
    text = normalise(re.sub(r"<[^>]+>", "", html.unescape(text)))
    text = re.sub(
        r"((?:[A-Z][a-z'\-]+|al|de|el|von|van|bin|da|dos|[A-Z]\.) )([A-Z][A-Z'\-]+)\b(?!\))",
        lambda match: match[1] + match[2].title(),
        text,
    )
    text = re.sub(r"\b([A-Z][A-Z'\-]{5,})\b(?!\))", lambda match: match[1].title(), text)
    text = "\n\n".join(tidy(block) for block in paragraphs(text) if len(block) > 60)
    return text if len(text) > 300 else ""
