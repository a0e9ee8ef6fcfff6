"""TinyStories (Eldan and Li 2023, CDLA-Sharing-1.0): the Hub's own file, or samples on GitHub.

The published file was collected from samples in repositories that the catalogue names, each with
borders of its own between the stories. Where the Hub is in reach, its file is the better source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from train.build_data.archives import Archive, decode
from train.build_data.cleaning import Document, any_of, plain, words_of
from train.build_data.readers import csv_rows


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


# --- where stories end ----------------------------------------------------------------------------


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


# --- capitals -------------------------------------------------------------------------------------

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
