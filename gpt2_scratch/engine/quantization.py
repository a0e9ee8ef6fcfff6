"""Weights in fewer bits: what a decode step reads is what it costs.

    mode    bytes   a weight is stored as
    fp32    4       itself: the reference
    fp16    2       a float16, 11 bits; what our checkpoints are stored in, so it changes nothing
    int8    1       a whole number from -127 to 127 times one float32 scale per output
    int4    5/8     a whole number from 0 to 15 between the smallest and the largest of 32 inputs

Only the matrices are stored in fewer bits (the token embedding, which is the output layer as well,
and the four of each block); biases, norms and positions are small and stay as they are. Only
*storage* changes: activations and arithmetic are float32. So a mode is nothing but a rounding of
the weights, and `rounded` gives the model that it stands for, to be evaluated like any other:
held-out bits per byte and verdicts of a mode are measured on it, and native.py is tested to agree
with it. (With int8 native.cpp rounds activations too where the processor multiplies whole numbers
faster. They get 12 to 16 bits, so the logits change by a hundredth of what the weights' 8 bits do.)

int4 is for models that would not fit otherwise; nothing chooses it by itself (AUTOMATIC).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from gpt2_scratch.checkpoints.format import build_model

if TYPE_CHECKING:
    from gpt2_scratch.model import GPT2

MODES = ("fp32", "fp16", "int8", "int4")  # from exact to coarse
AUTOMATIC = MODES[:-1]  # among which the app may choose
BITS = {"fp32": 32, "fp16": 16, "int8": 8, "int4": 4}
GROUP = 32  # inputs that share a scale in int4; as in native.cpp
_DTYPES = {"fp32": torch.float32, "fp16": torch.float16}
_LARGEST = 127  # -128 is left out, so that the range is symmetric and zero is exact


@dataclass(frozen=True)
class StoredMatrix:
    """A matrix as a mode stores it.

    values  (outputs, inputs) of the mode's type
    scale   (outputs,) float32: what a row of whole numbers is multiplied by; None: nothing
    """

    values: Tensor
    scale: Tensor | None = None

    def widened(self) -> Tensor:
        """(outputs, inputs) float32: the numbers that these bits stand for."""
        values = self.values.float()
        return values if self.scale is None else values * self.scale[:, None]


@dataclass(frozen=True)
class GroupedMatrix:
    """A matrix in int4: each GROUP inputs of an output have a range of their own.

    values   (outputs, groups, GROUP / 4, 2) uint8: of four inputs the first two in the lower four
             bits, the others in the upper ones
    scale    (outputs, groups) float16: what a step of one is worth
    least    (outputs, groups) float16: what 0 stands for
    inputs   how many there are; the last group is filled up
    """

    values: Tensor
    scale: Tensor
    least: Tensor
    inputs: int

    def widened(self) -> Tensor:
        """(outputs, inputs) float32: the numbers that these bits stand for."""
        halves = torch.stack([self.values & 15, self.values >> 4], dim=3)  # (o, g, GROUP / 4, 2, 2)
        steps = halves.flatten(2).float()  # -> (o, g, GROUP)
        widened = steps * self.scale.float()[..., None] + self.least.float()[..., None]
        return widened.flatten(1)[:, : self.inputs]  # -> (o, g * GROUP) -> (o, inputs)


def store(weight: Tensor, mode: str) -> StoredMatrix | GroupedMatrix:
    """Round a float32 matrix (outputs, inputs) to a mode.

    int8 takes the scale of each row from its largest weight, which is kept exactly: no clipping,
    no calibration data (absmax quantisation, as in Dettmers et al. 2022,
    https://arxiv.org/abs/2208.07339). Raises ValueError for a weight that the mode cannot hold.
    """
    check_mode(mode)
    stored: StoredMatrix | GroupedMatrix
    if mode == "int4":
        stored = _store_grouped(weight)
    elif mode == "int8":
        scale = weight.abs().amax(dim=1).clamp(min=1e-30) / _LARGEST  # (outputs,)
        values = (weight / scale[:, None]).round().to(torch.int8)
        stored = StoredMatrix(values, scale)
    else:
        stored = StoredMatrix(weight.to(_DTYPES[mode]))
    if not torch.isfinite(stored.widened()).all():
        raise ValueError(f"The weights are too large for {mode}: use another mode.")
    return stored


def _store_grouped(weight: Tensor) -> GroupedMatrix:
    """Round to sixteen steps from the smallest to the largest weight of each group."""
    outputs, inputs = weight.shape
    padded = torch.nn.functional.pad(weight, (0, -inputs % GROUP))
    groups = padded.view(outputs, -1, GROUP)  # (o, g * GROUP) -> (o, g, GROUP)
    least, largest = groups.amin(-1).half(), groups.amax(-1)  # (o, g)
    scale = ((largest - least.float()) / 15).clamp(min=2**-24).half()
    steps = ((groups - least.float()[..., None]) / scale.float()[..., None]).round().clamp(0, 15)
    fours = steps.to(torch.uint8).unflatten(
        2, (-1, 2, 2)
    )  # (o, g, GROUP) -> (o, g, GROUP / 4, 2, 2)
    return GroupedMatrix(fours[..., 0, :] | fours[..., 1, :] << 4, scale, least, inputs)


def is_stored(name: str, parameter: Tensor) -> bool:
    """Whether a parameter of GPT2 is one of the matrices that a mode stores in its own way."""
    return parameter.dim() == 2 and name != "wpe.weight"


def rounded(model: GPT2, mode: str) -> GPT2:
    """A copy of a model with the weights that are left of its own in a mode, as float32 again."""
    tensors = {
        name: store(parameter, mode).widened() if is_stored(name, parameter) else parameter
        for name, parameter in model.state_dict().items()
    }
    return build_model(model.config, tensors)


def check_mode(mode: str) -> str:
    """`mode` if it is one; else ValueError."""
    if mode not in MODES:
        raise ValueError(f"The mode must be one of {', '.join(MODES)}, not {mode!r}.")
    return mode


def stored_bytes(model: GPT2, mode: str) -> int:
    """Bytes of all weights in a mode. One decode step reads nearly all of them: of the positions'
    embedding it needs one row."""
    total = 0
    for name, parameter in model.state_dict().items():
        if not is_stored(name, parameter):
            total += 4 * parameter.numel()
            continue
        outputs, inputs = parameter.shape
        if mode == "int4":
            total += outputs * -(-inputs // GROUP) * (GROUP // 2 + 4)
        else:
            total += outputs * inputs * BITS[mode] // 8 + (4 * outputs if mode == "int8" else 0)
    return total
