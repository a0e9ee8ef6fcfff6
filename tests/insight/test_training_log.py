"""Reading what a run wrote: from a real run of the loop, and from files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gpt2_scratch.insight.training_log import (
    binned,
    binned_by_log,
    read_log,
    read_logs,
    read_metrics,
    stages,
)

LINES = [
    {"step": 0, "settings": {"seed": 1}, "commands": ["python -m train.pretrain"]},
    {"step": 2, "tokens": 200, "seconds": 60.0, "loss": 5.0, "learning_rate": 0.5},
    {"step": 3, "tokens": 300, "validation": {"loss": 4.5, "f1": 0.5}, "samples": ["a"]},
    {"step": 4, "tokens": 400, "seconds": 180.0, "loss": 3.0, "learning_rate": 1.0},
    {"step": 5, "tokens": 450, "validation": {"f1": 0.75}, "samples": []},
]


def write(path: Path, lines: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_a_log_is_updates_and_evaluations(tmp_path: Path) -> None:
    log = read_log(write(tmp_path / "spam.log.jsonl", LINES))
    assert log.name == "spam" and log.commands == ["python -m train.pretrain"]
    assert log.column("tokens").tolist() == [200, 400]
    assert log.column("minutes").tolist() == [1, 3]
    assert log.figures == ["loss", "f1"]
    evaluations, values = log.held_out("f1")
    assert values == [0.5, 0.75] and [e["tokens"] for e in evaluations] == [300, 450]
    # Halfway between two updates by tokens is halfway by time; nothing is known past the last.
    assert [e["minutes"] for e in evaluations] == [2, 3]
    assert log.held_out("loss")[1] == [4.5]


def test_logs_come_in_the_order_in_which_models_are_made(tmp_path: Path) -> None:
    for name in ("shallow", "chat", "base", "another"):
        write(tmp_path / f"{name}.log.jsonl", LINES)
    assert [log.name for log in read_logs(tmp_path)] == ["base", "chat", "another", "shallow"]
    for name, metrics in (("chat", {"sft": {"n": 1}}), ("base", {})):
        (tmp_path / f"{name}.metrics.json").write_text(json.dumps(metrics))
    assert list(read_metrics(tmp_path).items()) == [("base", {}), ("chat", {"sft": {"n": 1}})]
    assert read_logs(tmp_path / "nothing here") == []


@pytest.mark.parametrize("text", ["", "{", "[1]\n[2]", '{}\n{"loss": 1}', '{}\n{"validation": {}}'])
def test_what_is_no_log_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "base.log.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"^base\.log\.jsonl is no training log \(.*\); restore"):
        read_log(path)
    (tmp_path / "base.metrics.json").write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(ValueError, match=r"^base\.metrics\.json is damaged"):
        read_metrics(tmp_path)


def test_long_curves_are_averaged() -> None:
    values = np.arange(10.0)
    assert binned(values, 10) is values
    assert binned(values, 5).tolist() == [0.5, 2.5, 4.5, 6.5, 8.5]
    assert binned(values, 3).tolist() == [1.5, 5.0, 8.0]  # 4, 3 and 3 of them


def test_bins_that_look_equally_long_on_a_logarithmic_axis() -> None:
    x = [float(10**k) for k in range(5)]
    assert binned_by_log(x, [5, 4, 3, 2, 1], 100) == (x, [5, 4, 3, 2, 1])
    places, means = binned_by_log([1, 2, 10, 60, 80, 100], [6, 4, 3, 3, 2, 1], 2)
    assert places == [pytest.approx(13 / 3, abs=1e-4), 80] and means[1] == 2
    assert binned_by_log([], [], 3) == ([], [])


def test_the_stages_of_a_run_are_known_by_their_commands(tmp_path: Path) -> None:
    first, *others = LINES
    for name, commands in (("base", ["a", "b", "c"]), ("early", ["a"]), ("second", ["a", "x"]),
                           ("chat", ["d"]), ("pilot", ["e", "b"])):  # fmt: skip
        write(tmp_path / f"{name}.log.jsonl", [{**first, "commands": commands}, *others])
    logs = read_logs(tmp_path)
    assert [log.name for log in stages(logs, "base")] == ["early", "second", "base"]
    assert [log.name for log in stages(logs, "chat")] == ["chat"]
    assert stages(logs, "spam") == []
