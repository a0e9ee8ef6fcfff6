"""`python -m train.memory`, on shapes that take no time."""

from __future__ import annotations

import re

import pytest
import torch

from gpt2_scratch.config import GPT2Config
from gpt2_scratch.model import GPT2
from train import memory


@pytest.mark.slow
def test_each_way_is_measured_in_a_process_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--model", "nano", "--rows", "1", "--window", "16", "--ways", "LoRA"]
    assert memory.main(options) == 0
    title, _, row = capsys.readouterr().out.splitlines()
    assert title.startswith("nano, 1 x 16 tokens per step")
    found = re.fullmatch(r"LoRA +(\d+\.\d) +\d+\.\d +\d+\.\d", row)
    assert found is not None and 0.1 < float(found[1]) < 4.0  # torch alone is some hundred MB


@pytest.mark.parametrize("way", memory.WAYS)
def test_what_a_way_trains(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    learning: list[tuple[bool, bool]] = []

    def watch(model: GPT2, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        names = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
        learning.append((all("lora_" in name for name in names), model.gradient_checkpointing))
        assert x.shape == y.shape == (2, 8)
        return loss(model, x, y)

    loss = memory.language_model_loss
    monkeypatch.setattr(memory, "language_model_loss", watch)
    config = GPT2Config(vocab_size=50, block_size=8, n_layer=1, n_head=2, n_embd=16)
    cost = memory.measure(way, config, rows=2, window=8, steps=3)
    assert learning == [memory.WAYS[way]] * 3
    assert cost.seconds > 0 and cost.processor_seconds > 0 and cost.peak_bytes > 50e6


def test_what_cannot_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    for options, message in ((["--rows", "0"], "at least 1"), (["--window", "2000"], "is 1024")):
        with pytest.raises(SystemExit) as caught:
            memory.main(["--model", "gpt2", *options])
        assert caught.value.code == 1
        assert message in capsys.readouterr().err
