"""What the Training tab shows, from files made by hand and from the committed ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from conftest import REPOSITORY
from test_training_log import LINES, write

from gpt2_scratch.demo.training_view import (
    BY_CHANCE,
    FORGOTTEN,
    POINTS,
    SURER,
    licences,
    training_view,
    why_worse,
)

WEIGHTS = REPOSITORY / "weights"


def test_everything_is_read_from_the_folder(tmp_path: Path) -> None:
    assert training_view(tmp_path)["curves"] == {"runs": [], "diversity": []}  # no complaint
    last = {"step": 9, "tokens": 450, "validation": {"f1": 1}, "samples": ["b", "c"]}
    write(tmp_path / "chat.log.jsonl", [*LINES, last])
    write(tmp_path / "pilot.log.jsonl", [*LINES, last])
    manifest = {"chat": {"sha256": "0", "parameters": 5, "bytes": 10}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    matrix = {"tn": 5, "fp": 1, "fn": 2, "tp": 3, "f1": 0.6}
    kinds = {"plural": {"n": 4, "exact_match": 0.25}}
    tables = {
        "spam": {"full": matrix, "note": {"n": 3}},
        "chat": {
            "sft": {"n": 9, "exact_match": 0.5, "kinds": {"plural": {"n": 4, "exact_match": 1}}},
            "sft_before": {"n": 9, "exact_match": 0.1, "kinds": kinds},
            "book": {"n": 2, "response_loss": 3.5},
        },
        "base": {
            "wikipedia": {"bits_per_byte": 1.5, "perplexity": 40.0, "tokens": 7},
            "mixture": {
                "diversity": {
                    "authors": {"distinct_3": 0.9, "repeated_4": 0.01},
                    "1.0": {"distinct_3": 0.8, "repeated_4": 0.05},
                    "0.5": {"distinct_3": 0.4, "repeated_4": 0.3},
                }
            },
        },
    }
    for name, metrics in tables.items():
        (tmp_path / f"{name}.metrics.json").write_text(json.dumps(metrics))
    view = training_view(tmp_path)
    # The pilot led to no shipped model: neither a curve nor its samples are shown.
    (run,) = view["curves"]["runs"]
    assert run["title"] == "The assistant"
    losses, rates, learning_rate = run["charts"]
    assert rates["series"][0]["y"] == [0.5, 0.75, 1]
    assert losses["series"][0]["y"] == [5, 3]
    held_out = {"name": "held-out loss", "x": [300], "y": [4.5], "points": True}
    assert held_out in losses["series"]
    assert learning_rate["title"] == "Learning rate"
    assert [series["y"] for series in view["curves"]["diversity"]] == [
        *([0.4, 0.8], [0.9, 0.9], [0.3, 0.05], [0.01, 0.01])
    ]
    assert view["held_out"] == [["Wikipedia", 1.5, 40.0, 7]]
    assert view["answers"] == [
        ["short tasks", 9, "right word for word", "10.0%", "50.0%", ""],
        ["tasks of the book", 2, "loss on held-out answers", "–", "3.500", ""],
    ]
    assert view["kinds"] == [["plural", "short tasks", 4, "25.0%", "100.0%", ""]]
    assert view["samples"] == [["The assistant", "[after 300 tokens] a", "b"]]


def test_a_figure_that_got_worse_has_a_sentence() -> None:
    assert why_worse("exact_match", 0.1, 0.5, 9) == why_worse("f1", None, 0.5, 9) == ""
    assert why_worse("response_loss", 2.0, 1.5, 9) == ""
    assert why_worse("response_loss", 1.5, 2.0, 9) == SURER
    assert why_worse("exact_match", 0.5, 0.4, 10) == BY_CHANCE
    assert why_worse("exact_match", 0.5, 0.4, 10_000) == FORGOTTEN


def test_the_untrained_model_comes_first_where_it_was_kept(tmp_path: Path) -> None:
    write(tmp_path / "base.log.jsonl", LINES)
    taken = [
        {"tokens": tokens, "figures": {}, "samples": [text], "tables": []}
        for tokens, text in ((0, "xq"), (99, " upon"))
    ]
    snapshots = {"prompts": ["Once"], "tables": [], "snapshots": taken}
    (tmp_path / "base.snapshots.json").write_text(json.dumps(snapshots))
    (row,) = training_view(tmp_path)["samples"]
    assert row == ["The language model", "[untrained] Oncexq", "Once upon"]


def test_the_committed_files_have_every_part() -> None:
    view = training_view(WEIGHTS)
    assert len(view["curves"]["runs"]) == 3
    for run in view["curves"]["runs"]:
        losses = run["charts"][0]["series"]
        assert 1 < len(losses[0]["y"]) <= POINTS
        assert (np.diff(losses[0]["x"]) > 0).all()
        assert len(losses) > 1  # held-out
        assert all(len(series["x"]) == len(series["y"]) for series in losses)
    for part in ("compute", "held_out", "answers", "samples", "data", "commands"):
        assert view[part], part
    json.dumps(view, allow_nan=False)


def test_licences_are_the_table_of_the_weights_readme(tmp_path: Path) -> None:
    rows = licences(WEIGHTS / "README.md")
    assert {"wikipedia", "sms-spam"} <= {name for name, _, _ in rows}
    assert all(licence and attribution for _, licence, attribution in rows)
    assert licences(tmp_path / "missing.md") == []
    (tmp_path / "README.md").write_text("no table", encoding="utf-8")
    assert licences(tmp_path / "README.md") == []
