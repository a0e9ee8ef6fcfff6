"""What the Training tab shows, from files made by hand and from the committed ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from conftest import REPOSITORY
from test_training_log import LINES, write

from gpt2_scratch.demo.training_view import POINTS, licences, training_view

WEIGHTS = REPOSITORY / "weights"


def test_everything_is_read_from_the_folder(tmp_path: Path) -> None:
    assert training_view(tmp_path)["runs"] == []  # empty, and no complaint
    assert training_view(tmp_path)["diversity"] == {}
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
    assert [run["name"] for run in view["runs"]] == ["chat", "pilot"]
    assert view["runs"][0]["curves"]["loss"] == [5, 3]
    assert view["runs"][0]["held_out"]["loss"] == {
        "tokens": [300],
        "minutes": [2],
        "values": [4.5],
    }
    assert view["confusion"] == [{"title": "full", **matrix}]
    assert view["base"] == [{"title": "wikipedia", **tables["base"]["wikipedia"]}]
    assert view["diversity"] == {
        "temperatures": [0.5, 1.0],
        "model": {"distinct_3": [0.4, 0.8], "repeated_4": [0.3, 0.05]},
        "authors": {"distinct_3": 0.9, "repeated_4": 0.01},
    }
    assert [(row["title"], row["figures"]) for row in view["answers"]] == [
        ("sft", [{"name": "exact_match", "before": 0.1, "after": 0.5}]),
        ("book", [{"name": "response_loss", "before": None, "after": 3.5}]),
    ]
    assert view["kinds"] == [{"set": "sft", "kind": "plural", "n": 4, "before": 0.25, "after": 1}]
    # A run that led to no shipped model has a curve, but its samples are nobody's words.
    assert view["samples"] == [{"run": "chat", "steps": [3, 9], "texts": ["a", "b"]}]


def test_the_committed_files_have_every_part() -> None:
    view = training_view(WEIGHTS)
    assert {"base", "spam", "chat"} <= {run["name"] for run in view["runs"]}
    for run in view["runs"]:
        curves = run["curves"]
        assert 1 < len(curves["loss"]) <= POINTS
        assert len({len(values) for values in curves.values()}) == 1
        assert (np.diff(curves["tokens"]) > 0).all() and (np.diff(curves["minutes"]) >= 0).all()
        assert run["commands"] and all(c.startswith("python -m train.") for c in run["commands"])
        assert run["held_out"]
    for part in ("models", "base", "confusion", "answers", "samples"):
        assert view[part], part
    json.dumps(view, allow_nan=False)


def test_licences_are_the_table_of_the_weights_readme(tmp_path: Path) -> None:
    rows = licences(WEIGHTS / "README.md")
    assert {"wikipedia", "sms-spam"} <= {row["data"] for row in rows}
    assert all(row["licence"] and row["attribution"] for row in rows)
    assert licences(tmp_path / "missing.md") == []
    (tmp_path / "README.md").write_text("no table", encoding="utf-8")
    assert licences(tmp_path / "README.md") == []
