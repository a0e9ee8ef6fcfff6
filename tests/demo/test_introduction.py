"""The page's first lines say what is known of the weights beside them, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gpt2_scratch.checkpoints.format import write_tensors
from gpt2_scratch.demo.introduction import head, introduction, picture, sentence


def make_log(folder: Path, name: str, commands: list[str], tokens: int, **first: object) -> None:
    lines = [{"commands": commands, **first}, {"tokens": tokens, "seconds": 7200, "loss": 4.0}]
    text = "\n".join(map(json.dumps, lines))
    (folder / f"{name}.log.jsonl").write_text(text, encoding="utf-8")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The folder of a run that went on from another one."""
    path = tmp_path / "base.safetensors"
    write_tensors(path, {"a": torch.zeros(1)}, {"tokens": "30000000"})
    entry = {"base": {"parameters": 6_967_296, "sha256": "0"}}
    (tmp_path / "manifest.json").write_text(json.dumps(entry), encoding="utf-8")
    make_log(tmp_path, "first", ["one"], 20_000_000, cores=2)
    make_log(tmp_path, "base", ["one", "two"], 10_000_000, cores=2)
    make_log(tmp_path, "another", ["three"], 90_000_000, cores=8)
    return tmp_path


def test_all_is_known(weights: Path) -> None:
    assert sentence(weights) == (
        "A language model of 7 million parameters, trained from scratch on 30 million tokens in "
        "4 hours on two processor cores."
    )


def test_what_is_not_written_down_is_left_out(weights: Path) -> None:
    make_log(weights, "first", ["one"], 20_000_000)
    assert sentence(weights).endswith("on 30 million tokens in 4 hours.")
    (weights / "first.log.jsonl").unlink()  # the hours of a part would be a lie
    assert sentence(weights).endswith("on 30 million tokens.")
    (weights / "base.safetensors").unlink()
    assert sentence(weights).endswith("of 7 million parameters, trained from scratch.")
    (weights / "manifest.json").unlink()
    assert sentence(weights) == "A language model, written and trained from scratch."


def test_a_link_elsewhere_says_it_too(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sentence(weights) in introduction("GPT-2", weights)
    assert sentence(weights) in head("GPT-2", weights)
    monkeypatch.setenv("SPACE_HOST", "me-gpt2.hf.space")
    assert "og:image" not in head("GPT-2", weights)  # there is none
    assert picture(weights) == []
    (weights / "picture.svg").write_text("<svg/>", encoding="utf-8")
    assert 'content="https://me-gpt2.hf.space/picture.svg"' in head("GPT-2", weights)
    answer = TestClient(Starlette(routes=picture(weights))).get("/picture.svg")
    assert (answer.text, answer.headers["content-type"]) == ("<svg/>", "image/svg+xml")
