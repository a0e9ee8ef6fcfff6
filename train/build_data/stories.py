"""Short stories: fairy tales in tables, free picture books, and what language models wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.books import JUNK, is_verse, join_lines, sentence_case_start
from train.build_data.cleaning import Document, is_english, normalise, paragraphs, tidy
from train.build_data.readers import csv_rows, json_lines

_FREE = ("CC-BY", "CC BY", "CC-BY 4.0", "CC0", "CC-BY-4.0", "PUBLIC DOMAIN")  # not CC-BY-NC


def fairytales(archives: Sequence[Archive]) -> Iterator[Document]:
    """FairytaleQA: one CSV file per tale; the column "text" has its sections in order."""
    [archive] = archives
    for path, table in archive.texts(r"data-by-origin.*/section-stories/.*\.csv"):
        prose = []
        for row in csv_rows(normalise(table)):
            for block in paragraphs(row.get("text", "")):
                lines = [line for line in block.split("\n") if line.strip()]
                if len(lines) > 2 and is_verse(lines):
                    continue
                text = tidy(re.sub(r" ?-- ?", "--", join_lines(lines).replace("_", "")))
                if len(text) > 1 and not JUNK.search(text):
                    prose.append(text)
        text = "\n\n".join([sentence_case_start(prose[0]), *prose[1:]] if prose else [])
        if len(text) > 500:
            yield Document(path, text)


# --- picture books --------------------------------------------------------------------------------


def storybook(archives: Sequence[Archive]) -> Iterator[Document]:
    """Picture books in Markdown: "# Title", "##" before each page, credits in a list at the end.

    Only those under a licence that lets anyone use them for anything.
    """
    [archive] = archives
    for path, book in archive.texts(r"en/.*\.md"):
        text = normalise(book)
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


def storybook_credits(archives: Sequence[Archive], origins: Sequence[str]) -> list[str]:
    """Who wrote, drew and translated each story, as the licences ask for; tab separated."""
    header = "file\ttitle\ttext\tillustration\ttranslation\tlicence"
    return [header, *(_storybook_credit(archives[0], origin) for origin in sorted(origins))]


def _storybook_credit(archive: Archive, path: str) -> str:
    text = archive.text(path)
    title = re.match(r"#\s*(.+)", text)
    fields = [path, title[1].strip() if title else ""]
    for key in ("Text", "Illustration", "Translation", "License"):
        match = re.search(rf"\* {key}:\s*(.+)", text)
        fields.append(match[1].strip() if match else "")
    return "\t".join(fields)


# --- written with language models -----------------------------------------------------------------

_PART = re.compile(  # a heading: "Chapter 2: The Storm", "The End"
    r"(?:\*\*)?(?:#+ *)?(?:\*\*)?"
    r"(?:title|chapter|part|epilogue|prologue|section|act|the end|end of|conclusion"
    r"|introduction)\b",
    re.IGNORECASE,
)
_ABOUT_THE_STORY = re.compile(
    r"as an AI|language model|\[(?:insert|your)|word count|\(?\d{3,4} words\)?$", re.IGNORECASE
)
_ABOUT_THE_FABLE = re.compile(
    r"\b(?:as an AI|language model|age group|4-7 year|vocabulary|the user|word count"
    r"|\bfable should)\b|^(?:okay|alright|sure|here is|here's)",
    re.IGNORECASE | re.MULTILINE,
)
_OTHER_FILES = re.compile(  # also of models whose licences ask something of those who learn
    r"evaluat|translation|prompts|(?i:llama|aya-23|falcon|tulu)"
)


def without_headings(markdown: str) -> str:
    """Headings and bold words as plain ones."""
    return re.sub(r"\*\*|^#+ *", "", markdown, flags=re.MULTILINE)


def world_stories(archives: Sequence[Archive]) -> Iterator[Document]:
    """GPT_stories: a CSV file per country with 50 stories by gpt-4o-mini in the column "Story"."""
    [archive] = archives
    for path, table in archive.texts(r"data/.*_stories\.csv"):
        for number, row in enumerate(csv_rows(table)):
            story = "\n\n".join(_story_paragraphs(row["Story"].replace("\r\n", "\n")))
            if len(story) >= 1_500 and not _ABOUT_THE_STORY.search(story):
                yield Document(f"{path}#{number}", story)


def _story_paragraphs(markdown: str) -> Iterator[str]:
    for block in map(str.strip, re.split(r"\n\s*\n", markdown)):
        text = without_headings(block)
        text = re.sub(r"(?<!\w)[*_]([^*_\n]+)[*_](?!\w)", r"\1", text).strip()
        is_rule = re.fullmatch(r"[-*_=#\s]*", block)
        is_heading = _PART.match(block) and len(text) < 140
        is_title = len(text) < 90 and not re.search(r'[.!?"\u201d\')]$', text)
        if not (is_rule or is_heading or is_title):
            yield text


def fables(archives: Sequence[Archive]) -> Iterator[Document]:
    """TinyFabulist: JSON lines by open models, the largest files first; the field "fable"."""
    [archive] = archives
    for path in archive.largest_first(r".*fables/.*\.jsonl"):
        if _OTHER_FILES.search(path):
            continue
        for number, record in enumerate(json_lines(archive.text(path))):
            told = re.sub(r"<think>.*?</think>", "", record.get("fable") or "", flags=re.DOTALL)
            text = without_headings(told.split("</think>")[-1]).strip()
            fable = _without_title(text)
            is_story = len(fable) >= 400 and re.match("[A-Z\"']", fable)
            is_english_one = record.get("language", "en") == "en"
            if is_english_one and is_story and not _ABOUT_THE_FABLE.search(text):
                yield Document(f"{path}#{number}", fable)


def _without_title(text: str) -> str:
    blocks = [block.strip() for block in paragraphs(text)]
    while blocks and (
        re.match(r"(?:title|fable)\b", blocks[0], re.IGNORECASE)
        or (len(blocks[0]) < 80 and not re.search(r'[.!?"]$', blocks[0]))
    ):
        blocks.pop(0)
    return "\n\n".join(blocks)
