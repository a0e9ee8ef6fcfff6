"""The openings of held-out texts: what a language model is asked to continue, and its authors did.

An opening is so many words, whatever the vocabulary, so that models with different ones continue
the same texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest

from train.datasets import corpus_documents

# Whose held-out documents are continued, in turn.
STORIES = ("tinystories", "world_stories")
EXPOSITION = ("simple_wikipedia", "openstax", "wikipedia")
WORDS = 16  # of an opening: a sentence, or most of one
REST_CHARACTERS = 600  # that must follow: more than the 120 tokens that are compared


@dataclass(frozen=True)
class Opening:
    """The first words of a document of `source`, and what its author wrote after them."""

    source: str
    prompt: str
    rest: str


def openings(sources: Sequence[str], count: int, words: int = WORDS) -> list[Opening]:
    """The first `count` held-out documents that are long enough, one of each source in turn.

    A source that has no more of them is passed over, so there may be fewer in the end.
    """
    turns = zip_longest(*(_of_source(source, words) for source in sources))
    return list(islice((found for found in chain.from_iterable(turns) if found), count))


def _of_source(source: str, words: int) -> Iterator[Opening]:
    beginning = re.compile(rf"\s*\S+(?:\s+\S+){{{words - 1}}}")
    for document in corpus_documents(source, "validation"):
        found = beginning.match(document)
        if found and len(document) - found.end() >= REST_CHARACTERS:
            yield Opening(source, found[0].strip(), document[found.end() :])
