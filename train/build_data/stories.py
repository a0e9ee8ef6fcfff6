"""Short stories: fairy tales in tables, free picture books, and what language models wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.books import is_verse, join_lines, sentence_case_start
from train.build_data.cleaning import any_of, is_english, normalise, paragraphs, tidy
from train.build_data.readers import csv_rows

_FREE = ("CC-BY", "CC BY", "CC-BY 4.0", "CC0", "CC-BY-4.0", "PUBLIC DOMAIN")  # not CC-BY-NC


def fairytale(table: str) -> str:
    """FairytaleQA: one CSV file per tale; the column "text" has its sections in order."""
    prose = []
    for row in csv_rows(normalise(table)):
        for block in paragraphs(row.get("text", "")):
            lines = [line for line in block.split("\n") if line.strip()]
            if len(lines) > 2 and is_verse(lines):
                continue
            text = tidy(re.sub(r" ?-- ?", "--", join_lines(lines).replace("_", "")))
            if len(text) > 1 and not any_of("book: about the book").search(text):
                prose.append(text)
    tale = "\n\n".join([sentence_case_start(prose[0]), *prose[1:]] if prose else [])
    return tale if len(tale) > 500 else ""


# --- picture books --------------------------------------------------------------------------------


def storybook(page: str) -> str:
    """A picture book: "# Title", "##" before each page, credits in a list at the end.

    Only if its licence lets anyone use it for anything.
    """
    text = normalise(page)
    licence = re.search(r"License:\s*\[?([A-Za-z0-9\- .]+)", text)
    if licence is None or licence[1].strip().rstrip("]").upper() not in _FREE:
        return ""
    text = text.partition("* License")[0]
    title = re.match(r"#\s*(.+)", text)
    pages = [title[1].strip()] if title else []
    for block in re.split(r"\n##[^\n]*\n|\n\s*\n", re.sub(r"^#[^\n]*\n", "", text, count=1)):
        page = tidy(re.sub(r"[*_#\\]", "", block.replace("\n", " ")))
        if len(page) > 1 and re.search("[a-z]", page):
            pages.append(page)
    text = "\n\n".join(pages)
    return text if len(text) > 300 and is_english(text, share=0.22) else ""


def storybook_credits(archives: Sequence[Archive], origins: Sequence[str]) -> list[str]:
    """Who wrote, drew and translated each story, as the licences ask for; tab separated."""
    header = "file\ttitle\ttext\tillustration\ttranslation\tlicence"
    paths = sorted(origin.rpartition("#")[0] for origin in origins)
    return [header, *(_storybook_credit(archives[0], path) for path in paths)]


def _storybook_credit(archive: Archive, path: str) -> str:
    text = archive.text(path)
    title = re.match(r"#\s*(.+)", text)
    fields = [path, title[1].strip() if title else ""]
    for key in ("Text", "Illustration", "Translation", "License"):
        match = re.search(rf"\* {key}:\s*(.+)", text)
        fields.append(match[1].strip() if match else "")
    return "\t".join(fields)


# --- written with language models -----------------------------------------------------------------


def without_headings(markdown: str) -> str:
    """Headings and bold words as plain ones."""
    return re.sub(r"\*\*|^#+ *", "", markdown, flags=re.MULTILINE)


def world_story(row: dict[str, str]) -> str:
    """GPT_stories: a CSV file per country with 50 stories by gpt-4o-mini in the column "Story"."""
    story = "\n\n".join(_story_paragraphs(row["Story"].replace("\r\n", "\n")))
    return story if len(story) >= 1_500 and not any_of("story: about it").search(story) else ""


def _story_paragraphs(markdown: str) -> Iterator[str]:
    for block in map(str.strip, re.split(r"\n\s*\n", markdown)):
        text = without_headings(block)
        text = re.sub(r"(?<!\w)[*_]([^*_\n]+)[*_](?!\w)", r"\1", text).strip()
        is_rule = re.fullmatch(r"[-*_=#\s]*", block)
        is_heading = any_of("story: part").match(block) and len(text) < 140
        is_title = len(text) < 90 and not re.search(r'[.!?"\u201d\')]$', text)
        if not (is_rule or is_heading or is_title):
            yield text


def fable(record: dict[str, str]) -> str:
    """TinyFabulist: JSON lines by open models; the field "fable"."""
    told = re.sub(r"<think>.*?</think>", "", record.get("fable") or "", flags=re.DOTALL)
    text = without_headings(told.split("</think>")[-1]).strip()
    story = _without_title(text)
    is_story = len(story) >= 400 and re.match("[A-Z\"']", story)
    is_fit = record.get("language", "en") == "en" and not any_of("fable: about it").search(text)
    return story if is_story and is_fit else ""


def _without_title(text: str) -> str:
    blocks = [block.strip() for block in paragraphs(text)]
    while blocks and (
        re.match(r"(?:title|fable)\b", blocks[0], re.IGNORECASE)
        or (len(blocks[0]) < 80 and not re.search(r'[.!?"]$', blocks[0]))
    ):
        blocks.pop(0)
    return "\n\n".join(blocks)
