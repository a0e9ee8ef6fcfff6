"""Books as plain text or Markdown -> one document per chapter, of prose only.

A chapter starts at a heading. What is no running prose is left out: headings, captions, notes,
tables, verse, plays, front and back matter; and so are chapters in heavy dialect or archaic style,
which a small model would spend itself on.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from train.build_data import cleaning
from train.build_data.archives import Archive
from train.build_data.cleaning import Document, any_of, rewritten

MIN_CHAPTER = 900  # characters

# --- what a paragraph is ------------------------------------------------------------------------

_NOTE = re.compile(r"^\[|^(?:Footnote|Note|\d+)[\]:.]? ")
_TABLE = re.compile(r"\.{5,}|\. \. \. \. |\s{3,}\d+$|_{3,}|[|+=~^]{2,}")
_ENDS_LINE = re.compile(r"""[.!?:;,\-]["')\]]*$|["')]$""")
_SPEAKER = re.compile(r"^(?:[A-Z][A-Z' .]{2,25}[.:\[(]|[A-Z][a-z]+\. \()")


def is_verse(lines: Sequence[str]) -> bool:
    """Whether a paragraph's lines look like a poem: short, and capitalised or indented."""
    if len(lines) < 2:
        return False
    stripped = [line.strip() for line in lines]
    longest = max(map(len, stripped))
    average = sum(map(len, stripped)) / len(lines)
    capitals = sum(bool(re.match(r"[\"'(\[]*[A-Z]", line)) for line in stripped) / len(lines)
    indented = sum(line.startswith("  ") for line in lines) / len(lines)
    return (
        (longest <= 62 and average < 50 and capitals > 0.7 and len(lines) >= 3)
        or (indented > 0.6 and longest <= 60 and average < 48)
        or (longest <= 50 and capitals == 1.0 and average < 42)
    )


def join_lines(lines: Sequence[str]) -> str:
    """Hard-wrapped lines as one; a word that was broken at a hyphen keeps it."""
    text = ""
    for line in map(str.strip, lines):
        glued = not text or text.endswith("-") or line.startswith("--")
        text += line if glued else " " + line
    return text


def _is_heading(flat: str, letters: int) -> bool:
    if not re.search("[a-z]{2}", flat):
        return bool(re.search("[A-Z]{2}", flat) or any_of("book: heading").match(flat))
    capitals = sum(character.isupper() for character in flat)
    return bool(len(flat) < 110 and any_of("book: heading").match(flat)) or (
        len(flat) < 120 and capitals > 0.5 * max(1, letters)
    )


def _is_prose(flat: str, letters: int) -> bool:
    return not (
        not re.search("[a-z]{2}", flat)
        or (len(flat) < 2_500 and any_of("book: about the book").search(flat))
        or _NOTE.match(flat)
        or letters < 0.65 * len(flat)
        or _TABLE.search(flat)
        or len(re.findall(r"\d", flat)) > 0.06 * len(flat)
    )


def sentence_case_start(text: str) -> str:
    """A chapter that opens in capitals, "IT WAS late", opens as a sentence does."""
    match = re.match(
        r"""^(["']*)([A-Z][A-Z'\-]*(?:,? [A-Z][A-Z'\-]*){0,7})(?=[ ,;.!?]+["']?[a-zA-Z])""", text
    )
    if match is None:
        return text
    words = match[2].split(" ")
    is_short_start = words[0] in ("A", "I", "O") and len(words) > 1 and len(words[1].strip(",")) > 1
    if len(words[0].strip(",'")) < 2 and not is_short_start:
        return text  # an ordinary capital: "A man", "I saw"
    lowered = " ".join(w if w in ("I", "I'M", "I'LL") else w.lower() for w in words)
    lowered = lowered.replace("i'm", "I'm").replace("i'll", "I'll")
    return match[1] + lowered[0].upper() + lowered[1:] + text[match.end() :]


# --- a book -> its chapters ---------------------------------------------------------------------


@dataclass
class Chapter:
    """What stands below one heading: paragraphs of prose, and how many of verse were left out."""

    heading: str = ""
    prose: list[str] = field(default_factory=list)
    verses: int = 0

    def text(self) -> str:
        """The document, or "" where the chapter is none that should be learned from."""
        is_back_matter = any_of("book: back matter").match(self.heading.strip(" .:_*#"))
        is_short = len("\n\n".join(self.prose)) < MIN_CHAPTER
        if is_back_matter or is_short or self.verses > 0.3 * len(self.prose):
            return ""
        prose = [sentence_case_start(self.prose[0]), *self.prose[1:]]
        text = "\n\n".join(prose)
        words = len(text) / 6
        is_play = sum(bool(_SPEAKER.match(p)) for p in prose) > 0.25 * len(prose)
        is_list = len(text) / len(prose) < 45
        is_archaic = len(any_of("book: archaic").findall(text)) / words >= 0.006
        is_dialect = len(any_of("book: dialect").findall(text)) / words >= 0.008
        if is_play or is_list or is_archaic or is_dialect:
            return ""
        return text if cleaning.is_english(text) else ""


def chapters(body: str, markdown: bool = False) -> list[str]:
    """The chapters of a book that are worth learning from; none if much of it is verse."""
    body = any_of("book: in brackets").sub("", cleaning.normalise(body))
    body = any_of("book: page number").sub("", body)
    body = re.sub(r"<[^>\n]{1,60}>", "", body)
    found = [Chapter()]
    for block in cleaning.paragraphs(body):
        lines = [line for line in block.split("\n") if line.strip()]
        flat = " ".join(line.strip() for line in lines)
        if markdown:
            if flat.startswith("#"):
                found.append(Chapter(flat))
                continue
            flat = rewritten(rewritten(flat, "links"), "book: markdown")
        letters = len(re.findall("[A-Za-z]", flat))
        if _is_heading(flat, letters):
            found.append(Chapter(flat))
        elif not _is_prose(flat, letters):
            continue
        elif is_verse(lines):
            found[-1].verses += 1
        else:
            text = flat if markdown else join_lines(lines)
            text = cleaning.tidy(rewritten(text, "book: emphasis"))
            is_caption = len(text) < 140 and not _ENDS_LINE.search(text)  # or title, or signature
            if len(text) > 1 and not is_caption:
                found[-1].prose.append(text)
    verses = sum(chapter.verses for chapter in found)
    if verses > 0.35 * max(1, sum(len(chapter.prose) for chapter in found)):
        return []
    return [text for chapter in found if (text := chapter.text())]


def _readable(
    path: str, texts: Sequence[str], words_per_sentence: float, letters_per_word: float
) -> Iterator[Document]:
    """The chapters in a simple style, numbered as in the book."""
    for number, text in enumerate(texts):
        if cleaning.is_readable(text, words_per_sentence, letters_per_word):
            yield Document(f"{path}#{number}", text)


def book_files(archives: Sequence[Archive], origins: Sequence[str]) -> list[str]:
    """The files that chapters were taken from."""
    return sorted({origin.rsplit("#", 1)[0].replace("\n", " ") for origin in origins})


# --- Project Gutenberg --------------------------------------------------------------------------


def gutenberg_body(text: str) -> str | None:
    """The book without what Project Gutenberg put around it; None if it is not free or not English.

    None also if no mark tells where the book starts.
    """
    text = text.replace("\r\n", "\n")
    head = text[:12_000]
    language = re.search(r"^Language:\s*(\w+)", head, re.MULTILINE)
    is_foreign = language and language[1].lower() != "english"
    if any_of("gutenberg: not ours").search(head) or is_foreign:
        return None
    starts = (re.search(mark, text) for mark in cleaning.words_of("gutenberg: start"))
    start = next(filter(None, starts), None)
    if start is None:
        return None
    text = text[start.end() :]
    if end := any_of("gutenberg: end").search(text):
        text = text[: end.start()]
    notes = any_of("gutenberg: transcriber").search(text, int(len(text) * 0.9))
    return text[: notes.start()] if notes else text


def _is_for_children(author: str, title: str) -> bool:
    if "Lang, Andrew" in author:
        return any_of("gutenberg: fairy tales").search(title) is not None
    return any_of("gutenberg: for children").search(author) is not None


def _is_fiction(author: str, title: str) -> bool:
    return any_of("gutenberg: fiction").search(author) is not None


def gutenberg_children(archives: Sequence[Archive]) -> Iterator[Document]:
    """Children's and young readers' books, in files "Author/Title.txt"."""
    for path, texts in _gutenberg(archives[0], _is_for_children, bytes_per_author=8_000_000):
        yield from _readable(path, texts, words_per_sentence=27, letters_per_word=4.45)


def gutenberg_fiction(archives: Sequence[Archive]) -> Iterator[Document]:
    """General fiction, in files "Author/Title.txt"."""
    for path, texts in _gutenberg(archives[0], _is_fiction, bytes_per_author=6_000_000):
        yield from _readable(path, texts, words_per_sentence=20, letters_per_word=4.4)


def _gutenberg(
    archive: Archive, is_wanted: Callable[[str, str], bool], bytes_per_author: int
) -> Iterator[tuple[str, list[str]]]:
    """The wanted books' chapters, in a random order, one file per title, no author too often."""
    paths = []
    for path in archive.paths(r".+/.+\.txt"):
        author, title = path.split("/", 1)
        if not any_of("gutenberg: no novel").search(title) and is_wanted(author, title):
            paths.append(path)
    random.Random(1).shuffle(paths)
    titles: set[str] = set()
    bytes_of: Counter[str] = Counter()
    for path in paths:
        author, title = path.split("/", 1)
        author, title = author.strip('"'), re.sub("[^a-z]", "", title.lower())[:40]
        if title in titles or bytes_of[author] > 1.15 * bytes_per_author:
            continue
        titles.add(title)
        bytes_of[author] += archive.size(path)
        if body := gutenberg_body(archive.text(path)):
            yield path, chapters(body)


# --- classic books as Markdown ------------------------------------------------------------------


def classic_books(archives: Sequence[Archive]) -> Iterator[Document]:
    """Novels, children's books first, in files "Author/Title.md" with a header above a rule."""
    [archive] = archives
    paths = [p for p in archive.paths(r".+/.+\.md") if not any_of("classic: no prose").match(p)]
    random.Random(5).shuffle(paths)
    first = any_of("classic: first")
    paths.sort(key=lambda path: not first.search(path))  # stable: random order within both
    for path in paths:
        text = archive.text(path)
        if "\n---" in text[:1500]:
            text = re.sub(r"\A.*?\n-{3,}\n", "", text, count=1, flags=re.DOTALL)
        texts = chapters(text, markdown=True)
        yield from _readable(path, texts, words_per_sentence=18, letters_per_word=4.35)
