"""The app's models: loaded once, on first use, with a sentence for each way that it can fail."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gpt2_scratch.checkpoints.errors import CheckpointError
from gpt2_scratch.checkpoints.models import load_model
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
    for name in (str(weights / "base.safetensors"), "../base", ""):
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


def test_a_repository_of_the_hub_is_named_whole(weights: Path) -> None:
    for repository in ("someone/tales", "someone/tales@v2.1"):
        assert Registry(repository).source("base") == repository
    for path in (weights, weights / "chat.safetensors", Path("runs/base.safetensors")):
        assert Registry(str(path)).source("base") == path.name


def test_an_openai_model_is_there_once_it_has_been_fetched(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = Registry()
    with pytest.raises(ValueError, match="gpt2 is not here yet: choose it under Model"):
        registry.language_model("gpt2")

    def from_hub(name: str, progress: Any) -> Any:
        progress(5, 10)
        return load_model("base")

    monkeypatch.setattr(module, "load_model", from_hub)
    seen: list[tuple[int, int]] = []
    registry.fetch("gpt2", lambda done, total: seen.append((done, total)))
    assert seen == [(5, 10)]
    assert registry.language_model("gpt2")[0].config.block_size == 256
    with pytest.raises(ValueError, match="no room for gpt2-xl beside gpt2"):
        registry.fetch("gpt2-xl", lambda *_: None)


def test_a_hub_out_of_reach_is_a_sentence(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(name: str, progress: Any) -> Any:
        raise CheckpointError("The Hub cannot be reached; connect to the network.")

    monkeypatch.setattr(module, "load_model", unreachable)
    with pytest.raises(ValueError, match=r"'gpt2' is not available\. The Hub cannot be reached"):
        Registry().fetch("gpt2", lambda *_: None)


def test_sizes_are_those_of_the_paper() -> None:
    millions = [round(module.parameters(name) / 1e6) for name in module.OPENAI]
    assert millions == [124, 355, 774, 1558]
