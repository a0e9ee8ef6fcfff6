"""TinyStories (Eldan and Li 2023, CDLA-Sharing-1.0): the Hub's own file, or samples on GitHub.

The published file was collected from samples in repositories that the catalogue names, each with
borders of its own between the stories. Where the Hub is in reach, its file is the better source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from train.build_data.archives import Archive, decode
from train.build_data.cleaning import Document, plain, words_of
from train.build_data.readers import csv_rows

HUB_REPOSITORY = "roneneldan/TinyStories@f54c09fd23315a6f9c86f9dc80f725de7d8f9c64"
HUB_FILE = "TinyStories-valid.txt"  # 19 MB, 22,000 stories: as many as are wanted, and more

_OPENING = re.compile(
    r"Once upon a time|Once there (?:was|were|lived)|One (?:day|morning|night|evening|sunny day)"
    r"|There (?:was|were|once)|Long ago|In a (?:small|big|far|land|little)"
)
_SURE_OPENING = re.compile(r"Once upon a time|Once there (?:was|were|lived)|Long ago")
_LOWER_OPENING = re.compile(
    _OPENING.pattern.lower() + r"|[a-z]+ and [a-z]+ (?:are|were|like|love)"
    r"|[a-z]+ (?:was|is) (?:a|an|very|three|playing|walking|so)\b"
)


def from_hub(path: Path) -> Iterator[Document]:
    """The stories of the Hub's file."""
    for story in _at_marks(decode(path.read_bytes())):
        yield Document(HUB_FILE, story)


def tinystories(archives: Sequence[Archive]) -> Iterator[Document]:
    """The stories of all samples; many are in several, and are told apart later."""
    for archive, (path, split) in zip(archives, _SAMPLES, strict=True):
        for number, story in enumerate(split(archive.text(path))):
            story = re.sub(r"<\|?(?:endoftext|end|start)[^>]*>", "", story)
            yield Document(f"{path}#{number}", story)


# --- where stories end ----------------------------------------------------------------------------


def _at_marks(text: str) -> list[str]:
    return text.split("<|endoftext|>")


def _at_zeros(text: str) -> list[str]:
    return text.split("\0")


def _in_table(text: str) -> list[str]:
    return [row["text"] for row in csv_rows(text)]


def _at_openings_of_paragraphs(text: str) -> list[str]:
    return re.split(rf"\n\s*\n(?=\s*(?:{_SURE_OPENING.pattern}))", text)


def _at_once_upon_a_time(text: str) -> list[str]:
    return re.split(r"\n\s*\n(?=Once upon a time)", text)


def _at_openings_of_lines(text: str, opening: re.Pattern[str] = _OPENING) -> list[str]:
    """Between paragraphs is a blank line, between stories is none."""
    stories: list[list[str]] = [[]]
    before = ""
    for line in text.split("\n"):
        if before.strip() and opening.match(line):
            stories.append([])
        stories[-1].append(line)
        before = line
    return ["\n".join(lines) for lines in stories]


_SAMPLES: tuple[tuple[str, Callable[[str], list[str]]], ...] = (  # in the catalogue's order
    ("data/tinystories_sample.txt", _at_marks),
    ("data/tinystories_test.txt", _at_zeros),
    ("data/tinystories_10k.txt", _at_marks),
    ("validation.csv", _in_table),
    ("data/tinystories_val.txt", _at_openings_of_paragraphs),
    ("data/tiny_stories.txt", _at_openings_of_lines),
    ("tiny_stories.txt", _at_once_upon_a_time),
)


# --- capitals -------------------------------------------------------------------------------------

_NAMES = frozenset(words_of("tiny stories: names"))  # as the stories of the samples write them
_NO_NAMES = frozenset(words_of("tiny stories: no names"))
_INTRODUCED = re.compile(r'\b(?:named|called|name is|name was|named him|named her) "?([a-z]{3,})\b')
_START = re.compile(r"""(^|[.!?]["']?\s+|\n\s*|(?:^|[\s,])")("?[a-z])""")
_SPEECH_TAG = re.compile(  # the sentence goes on: "Why?" he asked
    r"(?:[a-z]+ ){1,4}?(?:said|asked|replied|shouted|cried|yelled|exclaimed|called|whispered"
    r"|answered|laughed|thought|wondered|told|screamed|sang|says|asks)\b"
    r"|(?:said|asked|replied|shouted|cried|exclaimed|says|asks)\b"
)


def tinystories_truecased(archives: Sequence[Archive]) -> Iterator[Document]:
    """A lower-case copy of more stories; capitals and borders are put back by rule."""
    [archive] = archives
    stories = _at_openings_of_lines(archive.text("tinystories.txt"), _LOWER_OPENING)
    for number, story in enumerate(map(plain, stories)):
        if re.match('["a-z]', story):
            yield Document(f"tinystories.txt#{number}", with_capitals(story))


def with_capitals(story: str) -> str:
    """Names, "I", and the starts of sentences and of what is said."""
    if introduced := set(_INTRODUCED.findall(story)) - _NO_NAMES:
        names = re.compile(rf"\b(?:{'|'.join(sorted(introduced))})\b")
        story = names.sub(lambda match: match[0].capitalize(), story)
    story = re.sub("(?<![A-Za-z'])[a-z]+", _known_name, story)
    lower = story.lower()

    def start(match: re.Match[str]) -> str:
        before, letter = match.groups()
        ends_speech = "\n" not in before and re.search(r"""[!?]["']\s+$""", before)
        if ends_speech and '"' not in letter and _SPEECH_TAG.match(lower, match.start(2)):
            return match[0]
        return before + letter.upper()

    return _START.sub(start, story)


def _known_name(match: re.Match[str]) -> str:
    return match[0].capitalize() if match[0] in _NAMES else match[0]
