"""Short articles in plain words: Simple English Wikipedia, Wikinews, graded news."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.cleaning import Document, any_of
from train.build_data.readers import json_lines

# --- Simple English Wikipedia ---------------------------------------------------------------------

_BACK_MATTER = re.compile(
    r"(?:References|Other websites|Related pages|Notes|Gallery|Further reading|Sources"
    r"|Bibliography|External links)\b.{0,20}$"
)
_MARKUP = re.compile(r"\{\{|\}\}|\[\[|<[a-z/]|\|\||&[a-z]+;|formula_\d")
_LIST = re.compile(r"may (?:also )?(?:refer to|mean)|can (?:also )?mean:|is a list of")


def simple_wikipedia(archives: Sequence[Archive]) -> Iterator[Document]:
    """TinyHelen's part "wiki": many articles in each text, a line with the title before each."""
    [archive] = archives
    for path in archive.largest_first(r"data/ori/.*/wiki\d+\.jsonl\.zst"):
        for record in json_lines(archive.text(path)):
            for text in filter(lambda value: isinstance(value, str), record.values()):
                for title, lines in _articles(text):
                    article = "\n\n".join(_simple_paragraphs(lines))
                    is_article = len(article) >= 200 and not _LIST.search(article[:200])
                    if is_article and not _MARKUP.search(article):
                        yield Document(f"{path}#{title}", article)


def _articles(text: str) -> Iterator[tuple[str, list[str]]]:
    """(title, lines): a title is a short line whose words the next line explains."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    titles = [
        place
        for place, (line, following) in enumerate(zip(lines, [*lines[1:], ""], strict=True))
        if _is_title(line, following, is_first=place == 0)
    ]
    for place, end in zip(titles, [*titles[1:], len(lines)], strict=True):
        yield lines[place], lines[place + 1 : end]


def _is_title(line: str, following: str, is_first: bool) -> bool:
    if len(line) >= 70 or re.search("[.!?:]$", line):
        return False
    subject = re.sub(r"\s*\(.*?\)|,.*", "", line).lower()
    is_explained = re.search(r"\b(?:is|was|are|were|refers|means)\b", following[:220])
    return is_first or bool(subject and subject in following[:90].lower() and is_explained)


def _simple_paragraphs(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if _BACK_MATTER.match(line):
            return
        line = re.sub(r"\(\s*[;,]?\s*\)|\[\d+\]", "", re.sub(r"\(;\s*\)?", "(", line))
        line = re.sub(r"\s{2,}", " ", re.sub(r"\s+([,.;:])", r"\1", line)).strip()
        is_heading = len(line) < 60 and not re.search("[.!?]$", line)  # or an item of a list
        if line and not is_heading:
            yield line


# --- news -----------------------------------------------------------------------------------------

_NO_NEWS = re.compile(
    r"crossword|main page|wikinews shorts|template|category:|portal:|/|water cooler|interview",
    re.IGNORECASE,
)
_END_OF_NEWS = re.compile(
    r"(?:sources?|related news|external links?|sister links?|references|notes|see also)\b\.?$",
    re.IGNORECASE,
)
_HOLE = any_of("wikinews: hole")  # where a template stood


def wikinews(article: dict[str, str]) -> str:
    """WikiExtractor's JSON lines, in a repository's history; only articles without a hole."""
    if len(article["text"]) < 400 or _NO_NEWS.search(article["title"]):
        return ""
    lines = (" ".join(line.split()) for line in article["text"].split("\n"))
    text = "\n\n".join(line for line in lines if _is_news(line))
    return "" if re.match("[a-z]", text) or _HOLE.search(text) else text


def _is_news(line: str) -> bool:
    """Whether the line is a paragraph, and no heading."""
    is_ended = re.search('[.!?"\u201d]$', line) or len(line) > 200
    is_short = len(line) < 50 and line.count(" ") < 6
    return bool(is_ended) and not is_short and not _END_OF_NEWS.match(line)


ONESTOP_FILES = r"Texts-SeparatedByReadingLevel/(?:Ele|Int|Adv)-Txt/.*\.txt"


def onestop_news(text: str) -> str:
    """OneStopEnglish: the Guardian's articles, each in up to three levels of difficulty."""
    text = re.sub(r"(?i)^\s*(?:Elementary|Intermediate|Advanced)\s*\n", "", text)
    lines = (" ".join(line.split()) for line in text.split("\n"))
    return "\n\n".join(line for line in lines if line)
