"""The openings of held-out texts, from made-up documents."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from train.figures import openings as module
from train.figures.openings import Opening, openings

LONG = " and on it goes" * 50


@pytest.fixture(autouse=True)
def documents(monkeypatch: pytest.MonkeyPatch) -> None:
    def held_out(name: str, split: str) -> Iterator[str]:
        assert split == "validation"
        yield "Too short to be continued."
        for number in range(3 if name == "a" else 1):
            yield f"The {name}  cat\n\n{number} sat" + LONG

    monkeypatch.setattr(module, "corpus_documents", held_out)


def test_an_opening_is_so_many_words_and_the_rest_the_authors() -> None:
    assert openings(["b"], 5, words=4) == [Opening("b", "The b  cat\n\n0", " sat" + LONG)]


def test_sources_take_turns_until_they_end() -> None:
    assert [opening.source for opening in openings(["a", "b"], 9)] == ["a", "b", "a", "a"]
    assert [opening.source for opening in openings(["b", "a"], 3)] == ["b", "a", "a"]
    assert openings([], 3) == []
