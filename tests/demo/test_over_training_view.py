"""The model over its training: from snapshots as training writes them, from a log, from nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import REPOSITORY
from made_up_snapshots import write_made_up_snapshots

from gpt2_scratch.demo.over_training_view import SNAPSHOTS, over_training_view
from train.loop.snapshots import PROMPTS, SUFFIX, TABLES


def test_snapshots_are_shown_as_training_wrote_them(tiny_weights: Path, tmp_path: Path) -> None:
    assert f"base{SUFFIX}" == SNAPSHOTS
    write_made_up_snapshots(tiny_weights, tmp_path)
    written = json.loads((tmp_path / SNAPSHOTS).read_text(encoding="utf-8"))
    moments = over_training_view(tmp_path)["moments"]
    assert [moment["tokens"] for moment in moments] == [0, 30_000, 1_000_000]
    for moment, taken in zip(moments, written["snapshots"], strict=True):
        assert [sample["prompt"] for sample in moment["samples"]] == list(PROMPTS)
        assert [sample["text"] for sample in moment["samples"]] == taken["samples"]
        assert [table["prompt"] for table in moment["tables"]] == list(TABLES)
        assert moment["tables"][0]["rows"][0][1] == taken["tables"][0][0][1]
        assert moment["figures"] == taken["figures"]


def test_without_them_the_log_tells_what_it_has(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "weights" / "base.log.jsonl", tmp_path)
    moments = over_training_view(tmp_path)["moments"]
    assert len(moments) > 1
    assert moments[0]["tokens"] < moments[-1]["tokens"]
    assert moments[0]["samples"][0]["text"] and moments[0]["figures"]["bits_per_byte"] > 0


def test_without_both_there_is_nothing(tmp_path: Path) -> None:
    assert over_training_view(tmp_path) == {}


@pytest.mark.parametrize("content", ["{", "[]", '{"prompts": [], "tables": [], "snapshots": [1]}'])
def test_a_damaged_file_is_told_in_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / SNAPSHOTS).write_text(content)
    with pytest.raises(ValueError, match=r"base\.snapshots\.json is damaged"):
        over_training_view(tmp_path)
