"""Short stories: fairy tales in tables, free picture books, and what language models wrote."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from train.build_data.archives import Archive, decode
from train.build_data.books import is_verse, join_lines, sentence_case_start
from train.build_data.cleaning import (
    Document,
    any_of,
    is_english,
    normalise,
    paragraphs,
    plain,
    tidy,
    words_of,
)
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
    lines = ["file\ttitle\ttext\tillustration\ttranslation\tlicence"]
    keys = ("Text", "Illustration", "Translation", "License")
    patterns = (r"\A#\s*(.+)", *(rf"\* {key}:\s*(.+)" for key in keys))
    for path in sorted(origin.rpartition("#")[0] for origin in origins):
        text = archives[0].text(path)
        found = [re.search(pattern, text) for pattern in patterns]
        lines.append("\t".join([path, *(match[1].strip() if match else "" for match in found)]))
    return lines


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


# --- TinyStories ----------------------------------------------------------------------------------
# Eldan and Li 2023, CDLA-Sharing-1.0. The published file was collected from samples in repositories
# that the catalogue names, each with borders of its own between the stories. Where the Hub is in
# reach, its file is the better source.


def from_hub(path: Path) -> Iterator[Document]:
    """The stories of the Hub's file."""
    for story in _at_marks(decode(path.read_bytes())):
        yield Document(path.name, story)


def tinystories(archives: Sequence[Archive]) -> Iterator[Document]:
    """The stories of all samples; many are in several, and are told apart later."""
    for archive, (path, split) in zip(archives, _SAMPLES, strict=True):
        for number, story in enumerate(split(archive.text(path))):
            story = re.sub(r"<\|?(?:endoftext|end|start)[^>]*>", "", story)
            yield Document(f"{path}#{number}", story)


def _at_marks(text: str) -> list[str]:
    return text.split("<|endoftext|>")


def _at_openings_of_lines(text: str, opening: str = "tiny stories: opening") -> list[str]:
    """Between paragraphs is a blank line, between stories is none."""
    stories: list[list[str]] = [[]]
    before = ""
    for line in text.split("\n"):
        if before.strip() and any_of(opening).match(line):
            stories.append([])
        stories[-1].append(line)
        before = line
    return ["\n".join(lines) for lines in stories]


_SAMPLES: tuple[tuple[str, Callable[[str], list[str]]], ...] = (  # in the catalogue's order
    ("data/tinystories_sample.txt", _at_marks),
    ("data/tinystories_test.txt", lambda text: text.split("\0")),
    ("data/tinystories_10k.txt", _at_marks),
    ("validation.csv", lambda text: [row["text"] for row in csv_rows(text)]),
    ("data/tinystories_val.txt", any_of("tiny stories: sure opening").split),
    ("data/tiny_stories.txt", _at_openings_of_lines),
    ("tiny_stories.txt", re.compile(r"\n\s*\n(?=Once upon a time)").split),
)

_NAMES = frozenset(words_of("tiny stories: names"))  # as the stories of the samples write them
_NO_NAMES = frozenset(words_of("tiny stories: no names"))
_INTRODUCED = re.compile(r'\b(?:named|called|name is|name was|named him|named her) "?([a-z]{3,})\b')
_START = re.compile(r"""(^|[.!?]["']?\s+|\n\s*|(?:^|[\s,])")("?[a-z])""")


def tinystories_truecased(archives: Sequence[Archive]) -> Iterator[Document]:
    """A lower-case copy of more stories; capitals and borders are put back by rule."""
    [archive] = archives
    stories = _at_openings_of_lines(archive.text("tinystories.txt"), "tiny stories: lower opening")
    for number, story in enumerate(map(plain, stories)):
        if re.match('["a-z]', story):
            yield Document(f"tinystories.txt#{number}", with_capitals(story))


def with_capitals(story: str) -> str:
    """Names, "I", and the starts of sentences and of what is said."""
    if introduced := set(_INTRODUCED.findall(story)) - _NO_NAMES:
        names = re.compile(rf"\b(?:{'|'.join(sorted(introduced))})\b")
        story = names.sub(lambda match: match[0].capitalize(), story)
    words = re.compile("(?<![A-Za-z'])[a-z]+")
    story = words.sub(lambda m: m[0].capitalize() if m[0] in _NAMES else m[0], story)
    lower = story.lower()

    def start(match: re.Match[str]) -> str:
        before, letter = match.groups()
        ends_speech = "\n" not in before and re.search(r"""[!?]["']\s+$""", before)
        if (
            ends_speech
            and '"' not in letter
            and any_of("tiny stories: speech tag").match(lower, match.start(2))
        ):
            return match[0]
        return before + letter.upper()

    return _START.sub(start, story)
