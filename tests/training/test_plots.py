"""Charts of the committed logs, as SVG."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import REPOSITORY
from test_training_log import LINES, write

from gpt2_scratch.insight.training_log import read_logs
from train import plots

WEIGHTS = REPOSITORY / "weights"
SVG = "{http://www.w3.org/2000/svg}"


def words(path: Path) -> list[str]:
    """The texts of a chart, which proves that it is well-formed as well."""
    return ["".join(text.itertext()) for text in ElementTree.parse(path).iter(SVG + "text")]


def test_every_run_and_the_confusion_matrix_are_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    weights = tmp_path / "weights"
    weights.mkdir()
    write(weights / "spam.log.jsonl", LINES)
    rows = [{"n": 3, "score": 0.1, "positive": 0.0}, {"n": 1, "score": 0.9, "positive": 1.0}]
    metrics = {"full_dedup": {"tn": 1234, "fp": 5, "fn": 6, "tp": 78, "reliability": rows}}
    (weights / "spam.metrics.json").write_text(json.dumps(metrics))
    row = {"distinct_1": 0.2, "distinct_2": 0.5, "distinct_3": 0.8, "repeated_4": 0.1}
    base = {"mixture": {"diversity": {"authors": row, "0.5": row, "1.0": row}}}
    (weights / "base.metrics.json").write_text(json.dumps(base))
    out = tmp_path / "charts"
    assert plots.main([str(out), "--weights", str(weights)]) == 0
    names = {path.stem for path in out.iterdir()}
    assert capsys.readouterr().out == f"Wrote {len(names)} charts to {out}.\n"
    assert names == {
        "spam-loss-tokens",
        "spam-loss-minutes",
        "spam-learning-rate",
        "spam-validation",
        "spam-confusion-full_dedup",
        "spam-reliability-full_dedup",
        "base-diversity",
    }
    assert {"distinct 3", "temperature", "0.5"} <= set(words(out / "base-diversity.svg"))
    assert {"1,234", "5", "6", "78"} <= set(words(out / "spam-confusion-full_dedup.svg"))
    assert {"training", "held-out loss", "tokens"} <= set(words(out / "spam-loss-tokens.svg"))
    assert "minutes" in words(out / "spam-loss-minutes.svg")
    assert "f1" in words(out / "spam-validation.svg")
    first = (out / "spam-loss-tokens.svg").read_bytes()
    plots.main([str(out), "--weights", str(weights)])
    assert (out / "spam-loss-tokens.svg").read_bytes() == first


def test_the_committed_logs_can_be_drawn() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    names = [name for name, _ in plots.charts(WEIGHTS)]
    for log in read_logs(WEIGHTS):
        assert f"{log.name}-loss-tokens" in names
    assert any(name.startswith("spam-confusion") for name in names)


def test_what_is_missing_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")

    def said(*arguments: str) -> str:
        with pytest.raises(SystemExit) as stop:
            plots.main([str(tmp_path / "out"), *arguments])
        assert stop.value.code == 1
        return capsys.readouterr().err

    assert "There are no logs in" in said("--weights", str(tmp_path))
    (tmp_path / "base.log.jsonl").write_text("x")
    assert "base.log.jsonl is no training log" in said("--weights", str(tmp_path))
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    assert said() == "Charts are drawn with matplotlib: run `pip install matplotlib`.\n"
