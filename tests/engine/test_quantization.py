"""Fewer bits per weight: the rounding of each mode, and what it does to the committed models."""

from __future__ import annotations

import math

import pytest
import torch
from conftest import REPOSITORY, assert_same_logits
from test_generation import tiny_gpt2
from torch.nn import functional

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.classifier import GPT2Classifier, SpamClassifier
from gpt2_scratch.engine.quantization import (
    AUTOMATIC,
    GROUP,
    MODES,
    is_stored,
    rounded,
    store,
    stored_bytes,
)

# Relative to the weight; int8 relative to the largest weight of the row.
COARSENESS = {"fp32": 0.0, "fp16": 2**-11, "int8": 0.5 / 127}


@pytest.mark.parametrize("mode", AUTOMATIC)
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_rounding_is_as_fine_as_its_bits(mode: str, size: float) -> None:
    weight = size * torch.randn(40, 30, generator=torch.Generator().manual_seed(0))
    weight[weight.abs() < 0.1 * size] = 0.0  # no subnormal float16
    error = (store(weight, mode).widened() - weight).abs()
    largest = weight.abs().amax(dim=1, keepdim=True)
    allowed = COARSENESS[mode] * (largest if mode == "int8" else weight.abs())
    assert (error <= 1.001 * allowed).all()
    assert mode == "fp32" or error.any()


@pytest.mark.parametrize("mode", MODES)
def test_what_is_rounded_stays_when_rounded_again(mode: str) -> None:
    weight = torch.randn(8, 16, generator=torch.Generator().manual_seed(0))
    once = store(weight, mode).widened()
    assert torch.allclose(store(once, mode).widened(), once, rtol=1e-6, atol=0)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
@pytest.mark.parametrize("inputs", [GROUP, 40, 7])
def test_int4_has_sixteen_steps_in_the_range_of_a_group(inputs: int, size: float) -> None:
    weight = size * torch.randn(12, inputs, generator=torch.Generator().manual_seed(0))
    widened = store(weight, "int4").widened()
    assert widened.shape == weight.shape
    for start in range(0, inputs, GROUP):
        group, ours = weight[:, start : start + GROUP], widened[:, start : start + GROUP]
        largest = group.amax(1, keepdim=True).clamp(min=0)  # zeros fill up the last group
        step = (largest - group.amin(1, keepdim=True).clamp(max=0)) / 15
        half_steps = (ours - group).abs() / step
        assert half_steps.max() < 0.52  # the ends are float16s
        assert len(ours[0].unique()) <= 16


def test_int8_keeps_zeros_signs_and_the_largest_of_a_row() -> None:
    weight = torch.tensor([[0.0, -3.0, 1.5], [0.0, 0.0, 0.0], [8e-21, 0.0, -2e-20]])
    stored = store(weight, "int8")
    assert stored.values.tolist() == [[0, -127, 64], [0, 0, 0], [51, 0, -127]]
    assert torch.allclose(stored.widened().amin(dim=1), weight.amin(dim=1))


def test_weights_that_a_mode_cannot_hold_are_refused() -> None:
    weight = torch.full((2, 2), 1e6)
    assert torch.equal(store(weight, "fp32").widened(), weight)
    for mode, bad in (("fp16", weight), ("int8", weight / 0), ("int4", weight * math.nan)):
        with pytest.raises(ValueError, match=f"too large for {mode}"):
            store(bad, mode)
    with pytest.raises(ValueError, match="must be one of fp32, fp16, int8, int4, not 'int3'"):
        store(weight, "int3")


def test_a_rounded_model_is_a_copy_whose_small_parameters_are_its_own() -> None:
    model = tiny_gpt2()
    before = {name: p.clone() for name, p in model.state_dict().items()}
    copy = rounded(model, "int8")
    changed = set()
    for name, parameter in copy.state_dict().items():
        assert torch.equal(model.state_dict()[name], before[name])
        if not torch.equal(parameter, before[name]):
            changed.add(name)
    assert changed == {name for name, p in before.items() if is_stored(name, p)}
    ids = torch.tensor([[1, 2]])
    assert_same_logits(copy(ids), rounded(copy, "fp32")(ids))


def test_stored_bytes_are_those_of_the_tensors() -> None:
    model = tiny_gpt2()
    for mode in MODES:
        total = 0
        for name, parameter in model.state_dict().items():
            stored = store(parameter, mode) if is_stored(name, parameter) else None
            parts = [parameter] if stored is None else list(vars(stored).values())
            tensors = [part for part in parts if isinstance(part, torch.Tensor)]
            total += sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        assert stored_bytes(model, mode) == total


# --- the committed weights: what a mode may cost ------------------------------------------------

HELD_OUT = """\
The harbour was quiet when the last boat came in. Two men stood on the pier and spoke about the
weather, and a dog ran along the wall and back again. "It will rain before night," said the older of
the two, and he looked at the clouds over the hills. They carried the baskets up to the house.
In the nineteenth century the railway reached the valley, and with it came the mills and the first
schools. The population of the town doubled within twenty years. Water is made of hydrogen and
oxygen, and it freezes at zero degrees. Most plants need light to grow.
"""
MESSAGES = [
    "Congratulations! You have won a free prize, call 09061701461 now to claim",
    "URGENT! Your mobile number has been awarded with a 2000 pounds prize. Text WIN to 80086",
    "Are you coming home for dinner tonight?",
    "ok see you at noon, i will bring the book",
    "FREE entry into our weekly competition, txt PLAY to 85233 now! 150p per msg",
    "Sorry, I'll call later. In a meeting now",
    "Had your mobile 11 months? You are entitled to update to the latest colour camera phone free",
    "happy birthday my dear, have a lovely day",
]


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "fp32"])
@pytest.mark.parametrize("name", ["base", "chat"])
def test_held_out_loss_of_the_committed_models_rises_by_less_than_the_mode_may_cost(
    name: str, mode: str
) -> None:
    if not (REPOSITORY / "weights" / f"{name}.safetensors").exists():
        pytest.skip("not trained yet")
    model, tokenizer = load_model(name)
    ids = torch.tensor([tokenizer.encode(HELD_OUT)])

    def loss(m: torch.nn.Module) -> float:  # in nats per token: bits per byte but for a factor
        return float(functional.cross_entropy(m(ids, all_positions=True)[0, :-1], ids[0, 1:]))

    exact, coarse = loss(model), loss(rounded(model, mode))
    # int4 costs base 1.2% on the whole of the held-out mixture (weights/EXPERIMENTS.md).
    assert coarse < (1.025 if mode == "int4" else 1.005) * exact
    if mode == "fp16":  # what they are stored in
        assert coarse == exact


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "fp32"])
def test_verdicts_of_the_committed_classifier_stay(mode: str) -> None:
    if not (REPOSITORY / "weights" / "spam.safetensors").exists():
        pytest.skip("not trained yet")
    exact = SpamClassifier.from_pretrained("spam")
    model = GPT2Classifier(rounded(exact.model.trunk, mode))
    model.score = exact.model.score
    coarse = SpamClassifier(model.eval(), exact.tokenizer, exact.threshold)
    pairs = zip(exact.predict_batch(MESSAGES), coarse.predict_batch(MESSAGES), strict=True)
    for before, after in pairs:
        near = abs(before.spam_probability - exact.threshold) < 0.01
        assert before.label == after.label or near
