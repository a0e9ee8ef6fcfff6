"""Which documents are new: not those that an earlier one says already, as a whole or in parts.

The parts that count are a source's own: long paragraphs of books, sentences of tiny stories.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from train.build_data.cleaning import Document


class Seen:
    """What earlier documents say, as 64-bit hashes of them and of their parts."""

    def __init__(self) -> None:
        self._documents: set[int] = set()
        self._parts: set[int] = set()

    def add(self, text: str, parts: Iterable[str], most: float) -> bool:
        """Whether the text is new; if so it is remembered.

        It is not if a document with the same letters and digits was added before, or if more than
        `most` of its parts were.
        """
        document = _hash(text)
        hashes = [_hash(part) for part in parts]
        known = sum(value in self._parts for value in hashes)
        if document in self._documents or known > most * len(hashes):
            return False
        self._documents.add(document)
        self._parts.update(hashes)
        return True


def _hash(text: str) -> int:
    letters = re.sub("[^a-z0-9]", "", text.lower()).encode()
    return int.from_bytes(hashlib.blake2b(letters, digest_size=8).digest(), "big")


# --- parts ----------------------------------------------------------------------------------------


def long_paragraphs(document: Document) -> list[str]:
    return [block for block in document.text.split("\n\n") if len(block) >= 100]


def long_sentences(document: Document) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+", document.text) if len(part) > 40]


def opening(document: Document) -> list[str]:
    return [document.text[:120]]


def title(document: Document) -> list[str]:
    """What follows the path in the origin; a document that was read from a built file has none."""
    _, _, name = document.origin.partition("#")
    return [name] if name else []


def nothing(document: Document) -> list[str]:
    return []
