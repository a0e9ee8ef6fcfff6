"""The app's models: loaded once, on first use, with a sentence for each way that it can fail."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gpt2_scratch.demo import registry as module
from gpt2_scratch.demo.registry import Registry


@pytest.fixture
def weights(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tiny weights that a test may spoil, in force for `load_model`."""
    folder = tmp_path / "folder" / "weights"
    shutil.copytree(tiny_weights, folder)
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(folder))
    return folder


def test_each_name_has_its_own_model(weights: Path) -> None:
    registry = Registry()
    models = [registry.language_model(name)[0] for name in ("base", "chat", "spam")]
    assert len({id(model) for model in models}) == 3
    assert models[1] is registry.assistant().model
    assert models[2] is registry.classifier().model.trunk
    assert registry.language_model("base")[0] is models[0]


def test_two_first_visitors_load_one_model(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    original = module.load_model

    def slow_load(name: str) -> Any:
        loads.append(name)
        time.sleep(0.2)
        return original(name)

    monkeypatch.setattr(module, "load_model", slow_load)
    registry = Registry()
    with ThreadPoolExecutor(8) as pool:
        models = list(pool.map(lambda _: registry.language_model("base")[0], range(8)))
    assert loads == ["base"]
    assert len({id(model) for model in models}) == 1


def test_a_name_that_is_none_of_ours_reaches_no_file(weights: Path) -> None:
    for name in ("gpt2", str(weights / "base.safetensors"), "../base", ""):
        with pytest.raises(ValueError, match="model must be one of base"):
            Registry().language_model(name)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("base", "python -m train.pretrain"),
        ("chat", "python -m train.finetune_chat"),
        ("spam", "python -m train.finetune_spam"),
    ],
)
def test_missing_weights_name_their_command_and_no_folder(
    weights: Path, name: str, command: str
) -> None:
    (weights / f"{name}.safetensors").unlink()
    registry = Registry()
    problem = registry.problem(name)
    assert problem is not None
    assert command in problem
    assert "weights/" in problem and "folder" not in problem
    others = [other for other in ("base", "chat", "spam") if other != name]
    assert [registry.problem(other) for other in others] == [None, None]


def test_damaged_weights_are_refused_until_they_are_replaced(weights: Path) -> None:
    path = weights / "chat.safetensors"
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))  # one bit
    registry = Registry()
    problem = registry.problem("chat")
    assert problem is not None and "python -m train.finetune_chat" in problem
    path.write_bytes(good)
    assert registry.problem("chat") is None


def test_a_missing_vocabulary_is_a_sentence_too(weights: Path) -> None:
    (weights / "tokenizer.tiktoken").unlink()
    problem = Registry().problem("base")
    assert problem is not None and "tokenizer" in problem


def test_another_model_can_stand_behind_base(weights: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    shutil.copy(weights / "chat.safetensors", other)
    registry = Registry(str(other))
    assert registry.source("base") == "other.safetensors"
    assert registry.problem("base") is None
    other.unlink()
    problem = Registry(str(other)).problem("base")
    assert problem is not None
    assert "other.safetensors" in problem
    assert str(tmp_path) not in problem and "train.pretrain" not in problem
