"""Unpicked samples and the figures of how much a text repeats itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from train.figures import openings
from train.samples import diversity, main, markdown, ngrams


def test_ngrams_overlap() -> None:
    assert ngrams([1, 2, 3, 4], 3) == [(1, 2, 3), (2, 3, 4)]
    assert ngrams([1, 2], 3) == []


def test_figures_by_hand() -> None:
    figures = diversity([[1, 2, 1, 2, 1, 2], [7, 8, 9, 10]])
    assert figures["distinct_1"] == pytest.approx(6 / 10)
    assert figures["distinct_2"] == pytest.approx(5 / 8)  # 12 21 and 78 89 9-10
    assert figures["distinct_3"] == pytest.approx(4 / 6, abs=1e-4)  # 121 212 and 789 89-10
    assert figures["repeated_4"] == pytest.approx((1 / 3 + 0) / 2, abs=1e-4)


def test_a_text_too_short_for_any_ngram_repeats_nothing() -> None:
    assert diversity([[1, 2]])["distinct_3"] == 0.0


def test_markup_in_a_sample_stays_text() -> None:
    text = markdown("command", {"Stories": [("Once", " <b>\n# no heading")]}, 7)
    assert "    Once⟶ <b>\n    # no heading" in text
    assert "at most 7 tokens" in text and "made by `command`" in text


def test_the_file_is_the_same_every_time(
    tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def documents(name: str, split: str) -> Iterator[str]:
        assert split == "validation"
        yield "Too short."
        for number in range(5):
            yield f"Once upon a time the {name} cat {number} sat near the forest and slept. " * 20

    monkeypatch.setattr(openings, "corpus_documents", documents)
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tmp_path))
    for file in tiny_weights.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    arguments = ["--stories", "3", "--expository", "2", "--max-new-tokens", "8"]
    assert main([*arguments, "--diversity", "2"]) == 0
    first = (tmp_path / "SAMPLES.md").read_text()
    assert first.count("⟶") == 5 and "Too short" not in first
    stories, prose = first.split("## Plain prose")
    assert "## Stories" in stories and stories.count("⟶") == 3 and "### 2" in stories
    assert all(f"the {name} cat" in stories for name in openings.STORIES)
    assert all(f"the {name} cat" in prose for name in openings.EXPOSITION[:2])
    assert main(arguments) == 0
    assert (tmp_path / "SAMPLES.md").read_text() == first
