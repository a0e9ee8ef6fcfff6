"""Wikipedia articles as pandoc plain text -> the paragraphs at the start of each.

Templates were lost on the way to plain text and have left holes ("is a city in , ."), bold has
become CAPITALS: paragraphs with holes are dropped, capitals are restored.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from train.build_data.archives import Archive
from train.build_data.cleaning import (
    Document,
    any_of,
    is_english,
    is_prose,
    normalise,
    share_of,
    tidy,
)

ENOUGH = 7_000  # characters of an article

_LIST_ITEM = re.compile(r"^ {4,}|^\s*(?:-|\d+\.|[a-z]\.|\(\d+\)|:|•)\s")
_SMALL_WORDS = ("of", "the", "and", "de", "von", "van", "in", "or", "for", "la", "al", "bin", "ibn")


def wikipedia(archives: Sequence[Archive]) -> Iterator[Document]:
    """Articles in a random order, one file "Page/Title.md" each."""
    [archive] = archives
    paths = [p for p in archive.paths(r"Page/.*\.md") if 3_500 < archive.size(p) < 400_000]
    random.Random(7).shuffle(paths)
    for path in paths:
        try:
            text = archive.read(path).decode("utf-8")
        except UnicodeDecodeError:
            continue
        if document := article(title_of(path), text):
            yield Document(path, document)


def article_names(archives: Sequence[Archive], origins: Sequence[str]) -> list[str]:
    """The articles, by the names that their addresses have."""
    return sorted(origin.rsplit("/", 1)[-1].removesuffix(".md") for origin in origins)


def title_of(path: str) -> str:
    """Page/Blue_whale.md -> Blue whale."""
    return path.rsplit("/", 1)[-1].removesuffix(".md").replace("_", " ").strip('"')


def article(title: str, text: str) -> str:
    """The first paragraphs of prose; "" for lists, for stubs, and where the lead is lost."""
    if any_of("wikipedia: list").match(title) or any_of("wikipedia: no topic").search(title):
        return ""
    text = normalise(text)
    if re.search(r"may (?:also )?refer to:", text[:600]):
        return ""
    subject = re.sub(r"\s*\([^)]*\)$", "", title)  # "Mercury (planet)" is called Mercury
    prose: list[str] = []
    for block in re.split(r"\n\s*\n", text):
        flat = " ".join(block.split())
        if len(flat) < 60 and any_of("wikipedia: end of prose").match(flat):
            break
        paragraph = restore_case(_paragraph(block, flat), subject, text)
        if re.match(r"""["'(]?[A-Z0-9]""", paragraph):
            prose.append(paragraph)
        elif paragraph and not prose:
            return ""  # the start of the lead is missing
        if sum(map(len, prose)) > ENOUGH:
            break
    document = "\n\n".join(prose)
    long_enough = len(prose) >= 3 and sum(map(len, prose)) >= 1_300
    if not long_enough or not _mentions(subject, prose[0][:300]):
        return ""
    return document if is_english(document, share=0.27) else ""


def opens_with_its_subject(title: str, document: str) -> bool:
    """Whether the first paragraph says early what the article is about, and there are three."""
    lead = document.split("\n\n")[0]
    verb = re.search(r"\b(?:is|was|are|were|refers?|has been|means)\b", lead[:350])
    return _mentions(title, lead[:130]) and verb is not None and document.count("\n\n") >= 2


def _mentions(title: str, text: str) -> bool:
    """Whether a long word of the title, or how it starts, is in the text; true without one."""
    words = re.findall("[A-Za-z]{4,}", title)
    return not words or any(word[:6].lower() in text.lower() for word in words)


def _paragraph(block: str, flat: str) -> str:
    """Plain prose, or "" for anything else."""
    is_item = _LIST_ITEM.match(block.strip("\n"))
    if len(flat) < 60 or is_item or any_of("wikipedia: markup").search(block.strip()):
        return ""
    text = any_of("wikipedia: citation").sub("", flat)
    text = re.sub(r"_([^_]{1,200}?)_", r"\1", text).replace("_", " ")
    if re.search(r"\[|\]", text) or any_of("wikipedia: hole").search(text):
        return ""
    text = tidy(text)
    is_plain = share_of(text, r"\d") <= 0.045 and share_of(text, r"[^\x00-\x7f]") <= 0.015
    return text if is_plain and is_prose(text, 80, letters=0.88) else ""


# --- capitals -----------------------------------------------------------------------------------


def restore_case(text: str, subject: str, article: str) -> str:
    """Bold words, which pandoc wrote in capitals, as the article writes them in running text.

    "The BLUE WHALE is" becomes "The blue whale is"; "ALBERT EINSTEIN was", "Albert Einstein was";
    NATO and XVI stay.
    """
    runs = r"\b[A-Z][A-Z'\-]+(?:,? (?:[A-Z][A-Z'\-]+|[A-Z]\.|OF|THE|AND|&)+)*(?![a-z])"

    def lowered(match: re.Match[str]) -> str:
        run = match[0]
        if not _was_bold(run, subject):
            return run
        name = _as_a_name(run, subject) if _is_a_name(run, subject, article) else run.lower()
        starts_sentence = match.start() == 0 or text[: match.start()].endswith((". ", "? ", "! "))
        return name[0].upper() + name[1:] if starts_sentence else name

    return re.sub(runs, lowered, text)


def _contains_words(text: str, words: str) -> bool:
    return re.search(rf"\b{re.escape(words)}\b", text) is not None


def _was_bold(run: str, subject: str) -> bool:
    """Capitals that are no acronym, no Roman number and not how the title itself is written."""
    is_long = any(len(re.findall("[A-Z]", word)) >= 5 for word in run.split(" "))
    in_title = len(run) > 3 and _contains_words(subject.lower(), run.lower())
    is_number = re.fullmatch("[IVXLCDM]+", run) is not None
    return (is_long or in_title) and not is_number and run not in subject


def _title_words(subject: str) -> dict[str, str]:
    """Lower-case word -> as the title writes it."""
    return {word.lower(): word for word in re.split(r"[ ,]+", subject)}


def _is_a_name(run: str, subject: str, article: str) -> bool:
    """Whether the run is of the subject, and the article capitalises the subject mid-sentence."""
    lower = subject.lower()
    of_title = (
        lower in run.lower()
        or _contains_words(lower, run.lower())
        or any(word.lower().strip(",'") in _title_words(subject) for word in run.split(" "))
    )
    if not of_title or lower == subject:
        return False
    small = rf"(?<![.!?] )(?<!\n)\b{re.escape(lower)}\b"
    as_word = len(re.findall(small, article)) if len(subject) > 2 else 0
    as_name = len(re.findall(rf"[a-z,] {re.escape(subject)}\b", article))
    return as_name >= as_word


def _as_a_name(run: str, subject: str) -> str:
    title_words = _title_words(subject)
    words = []
    for position, word in enumerate(run.split(" ")):
        key = word.lower().strip(",'")
        if key in title_words and (position or title_words[key] != key):
            words.append(title_words[key])
        elif len(word) <= 2 and "." in word:  # an initial
            words.append(word)
        elif position and key in _SMALL_WORDS:
            words.append(word.lower())
        else:
            words.append(word[:1] + word[1:].lower())
    return " ".join(words)
