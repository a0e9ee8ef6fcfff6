"""Direct preference optimisation: the loss by hand, the reference cached, a tiny model aligned."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from made_up_data import write_mirror

from gpt2_scratch.checkpoints.format import read_checkpoint
from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.vocabulary.tokenizer import Tokenizer
from train import align_dpo
from train.align_dpo import (
    answer_log_probabilities,
    dpo_loss,
    encode_pairs,
    pad_pairs,
    pair_log_probabilities,
    preference_figures,
)
from train.datasets import Instruction, load_preferences


def preference(
    instruction: str, input: str, chosen: str, rejected: str
) -> tuple[Instruction, Instruction]:
    """A task with each of two answers."""
    return Instruction(instruction, input, chosen, ""), Instruction(
        instruction, input, rejected, ""
    )


PREFERENCES = [
    preference("Name a colour.", "", "Red, please.", "Red!"),
    preference("Say it again.", "The cat sat.", "The cat sat.", "No, I am tired."),
]


@pytest.fixture
def folder(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights folder with a chat model only, and made-up preferences."""
    weights = tmp_path / "weights"
    weights.mkdir()
    for name in ("tokenizer.tiktoken", "chat.safetensors"):
        shutil.copy(tiny_weights / name, weights)
    write_mirror(tmp_path / "mirror", monkeypatch)
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(weights))
    monkeypatch.setenv("GPT2_SCRATCH_CACHE", str(tmp_path / "cache"))
    return weights


def align(*options: str) -> None:
    small = ["--batch-size", "4", "--dtype", "float32", "--evaluate-every", "5"]
    assert align_dpo.main([*small, *options]) == 0


def validations(path: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line["validation"] for line in lines if "validation" in line]


def test_the_loss_by_hand() -> None:
    reference = torch.tensor([[-10.0, -12.0], [-5.0, -5.0]])
    assert dpo_loss(reference, reference, beta=0.1).item() == pytest.approx(math.log(2))
    # The first chosen answer gains 3 nats and its rejected one loses 1; the second pair is the
    # wrong way round by 2.
    policy = torch.tensor([[-7.0, -13.0], [-6.0, -4.0]])
    losses = [math.log(1 + math.exp(-0.5 * 4)), math.log(1 + math.exp(0.5 * 2))]
    assert dpo_loss(policy, reference, beta=0.5).item() == pytest.approx(sum(losses) / 2)
    figures = preference_figures(policy, reference, beta=0.5)
    assert figures == {"accuracy": 0.5, "margin": pytest.approx((0.5 * 4 - 0.5 * 2) / 2)}


def test_the_gradient_is_that_of_the_paper() -> None:
    """beta * sigmoid(-margin), upwards for the chosen and downwards for the rejected answer."""
    reference = torch.tensor([[-10.0, -12.0]])
    policy = torch.tensor([[-9.0, -9.0]], requires_grad=True)
    dpo_loss(policy, reference, beta=0.3).backward()
    weight = 0.3 / (1 + math.exp(0.3 * (1 - 3)))
    assert policy.grad is not None
    assert policy.grad.tolist()[0] == pytest.approx([-weight, weight])


def test_log_probabilities_are_those_of_the_answers(folder: Path) -> None:
    model, tokenizer = load_model("chat")
    pairs = encode_pairs(tokenizer, PREFERENCES, 256)
    x, y, lengths = pad_pairs(pairs)
    assert lengths.tolist() == [len(pair[i].ids) - 1 for i in (0, 1) for pair in pairs]
    found = answer_log_probabilities(model, x, y)
    assert found.shape == (2, 2)
    for row, pair in enumerate(pairs):
        for column, example in enumerate(pair):
            scores = model(torch.tensor([example.ids]), all_positions=True)[0].log_softmax(-1)
            expected = sum(
                float(scores[place - 1, token])
                for place, token in enumerate(example.ids)
                if example.counted[place]
            )
            assert found[row, column].item() == pytest.approx(expected, rel=1e-4)
    for batch_size in (1, 16):
        batched = pair_log_probabilities(model, pairs, batch_size)
        assert torch.allclose(batched, found, atol=1e-3)


def test_pairs_that_teach_nothing_are_left_out(folder: Path) -> None:
    tokenizer = Tokenizer.load("tokenizer")
    same = preference("Name a colour.", "", "Red.", "Red.")
    long = preference("Name a colour.", "", "Red.", "Red, and " * 100)
    assert len(encode_pairs(tokenizer, [*PREFERENCES, same, long], 256)) == 2
    with pytest.raises(ValueError, match="No preference pair fits"):
        pair_log_probabilities(load_model("chat")[0], [])


def test_a_run_learns_what_is_preferred(folder: Path) -> None:
    align("--epochs", "6", "--learning-rate", "1e-3", "--out", str(folder / "dpo.safetensors"))
    figures = validations(folder / "dpo.log.jsonl")
    assert figures[0].keys() == {"loss", "accuracy", "margin"}
    assert figures[-1]["loss"] < min(math.log(2) - 0.1, figures[0]["loss"])
    assert figures[-1]["accuracy"] > 0.9
    read = read_checkpoint(folder / "dpo.safetensors")
    assert (read.kind, json.loads(read.metadata["base"])) == ("gpt2", "chat")
    assert json.loads(read.metadata["beta"]) == 0.1
    assert "dpo" in read_manifest(folder)

    # Measured anew, on pairs that it has not seen, against the model that it began with.
    before, after = load_model("chat")[0], load_model(folder / "dpo.safetensors")[0]
    pairs = encode_pairs(Tokenizer.load("tokenizer"), load_preferences("test"), 256)
    found = [pair_log_probabilities(model, pairs) for model in (after, before)]
    assert preference_figures(found[0], found[1], 0.1)["accuracy"] > 0.9


def test_the_reference_stays_when_the_model_moves(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[dict[str, Any]] = []

    def first_and_last(model: Any, task: Any, settings: Any, *_: Any, **__: Any) -> None:
        before = task.reference.clone()
        figures = task.evaluate(model)
        with torch.no_grad():
            noise = torch.randn(model.wte.weight.shape, generator=torch.Generator().manual_seed(1))
            model.wte.weight += 0.1 * noise
        assert torch.equal(task.reference, before)
        calls.append({"before": figures, "after": task.evaluate(model)})

    monkeypatch.setattr(align_dpo, "run_stage", first_and_last)
    align("--epochs", "1")
    [call] = calls
    assert call["before"] == {"loss": round(math.log(2), 5), "accuracy": 0.0, "margin": 0.0}
    assert call["after"]["loss"] != call["before"]["loss"]


def test_adapters_align_too(folder: Path) -> None:
    align("--epochs", "1", "--lora-rank", "2")
    assert json.loads(read_checkpoint(folder / "chat-dpo.safetensors").metadata["lora_rank"]) == 2


def test_beta_is_above_zero(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        align("--beta", "0")
    assert "--beta must be above zero" in capsys.readouterr().err
