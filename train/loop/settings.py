"""Everything about a run that is not the model or the data, and how far it has come."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
from typing import Any

OPTIMIZERS = ("muon", "adamw")
DTYPES = ("auto", "float32", "bfloat16")


@dataclass(frozen=True)
class Settings:
    """Everything about a run that is not the model or the data.

    optimizer        "muon": Muon for the hidden matrices and AdamW elsewhere; "adamw": AdamW only
    learning_rate    of AdamW; muon_learning_rate of Muon
    weight_decay     decoupled, on matrices only
    warmup           part of the budget in which the learning rate rises from 0
    decay            part of the budget, at its end, in which it falls to 0 in a straight line
    clip             largest global norm of the gradient
    accumulation     micro-batches per update
    tokens, minutes  the budget; the run ends when the first of the two is used up
    evaluate_every   updates between two evaluations; 0: at the end only
    keep_best        name of a held-out figure: the run ends with the parameters that had it lowest
                     at an evaluation; "": with the last ones
    gradient_checkpointing  whether blocks forget their inside and compute it again: less memory
    compile          whether torch.compile makes kernels of the loss: faster, a minute to start
    shard            whether several processes keep a part of the model each (FSDP) or all of it
    dtype            "auto", "float32" or "bfloat16": the precision of matrix products
    """

    optimizer: str = "muon"
    learning_rate: float = 2e-3
    muon_learning_rate: float = 0.02
    weight_decay: float = 0.01
    warmup: float = 0.02
    decay: float = 0.6
    clip: float = 1.0
    accumulation: int = 1
    tokens: int | None = None
    minutes: float | None = None
    keep_best: str = ""
    gradient_checkpointing: bool = False
    compile: bool = False
    shard: bool = False
    dtype: str = "auto"
    seed: int = 0
    log_every: int = 10
    evaluate_every: int = 250
    save_every_seconds: float = 180.0

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"The optimizer must be muon or adamw, not {self.optimizer!r}.")
        if self.dtype not in DTYPES:
            raise ValueError(f"The dtype must be auto, float32 or bfloat16, not {self.dtype!r}.")
        for budget in (self.tokens, self.minutes):
            if budget is not None and not budget > 0:
                raise ValueError(f"A budget must be above zero, not {budget}.")
        if self.accumulation < 1 or self.evaluate_every < 0:
            raise ValueError("accumulation must be at least 1 and evaluate_every at least 0.")


def parse_count(text: str) -> int:
    """ "20M" -> 20,000,000, and likewise k and B. Raises argparse's error type."""
    scale = {"k": 1e3, "m": 1e6, "b": 1e9}.get(text[-1:].lower(), 1.0)
    try:
        return int(float(text[:-1] if scale > 1 else text) * scale)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a count such as 20M.") from None


YES_OR_NO: dict[str, Any] = {"action": argparse.BooleanOptionalAction}
# Fields of Settings that a command line may give, and how argparse takes them.
OPTIONS: dict[str, dict[str, Any]] = {
    "minutes": {"type": float, "help": "time budget"},
    "tokens": {"type": parse_count, "help": "e.g. 20M"},
    "optimizer": {"choices": OPTIMIZERS},
    "learning_rate": {"type": float},
    "muon_learning_rate": {"type": float},
    "weight_decay": {"type": float},
    "warmup": {"type": float, "help": "part of the budget"},
    "decay": {"type": float, "help": "part of the budget"},
    "clip": {"type": float},
    "accumulation": {"type": int},
    "seed": {"type": int},
    "dtype": {"choices": DTYPES},
    "gradient_checkpointing": {**YES_OR_NO, "help": "less memory, a third more work"},
    "compile": YES_OR_NO,
    "shard": {
        **YES_OR_NO,
        "help": "under torchrun: split the model over the processes, for sizes that one cannot "
        "hold",
    },
    "evaluate_every": {"type": int},
}


def add_settings_arguments(parser: argparse.ArgumentParser, defaults: Settings) -> None:
    """Options that every stage has, with the stage's defaults; see `settings_from`."""
    group = parser.add_argument_group("training loop")
    for name, how in OPTIONS.items():
        flag = f"--{name.replace('_', '-')}"
        group.add_argument(flag, default=getattr(defaults, name), **how)
    group.add_argument("--resume", action="store_true", help="go on from the run folder")


def settings_from(arguments: argparse.Namespace, defaults: Settings) -> Settings:
    """The `Settings` that parsed options describe. Raises ValueError as Settings does."""
    given = {name: getattr(arguments, name, value) for name, value in asdict(defaults).items()}
    return Settings(**given)


def learning_rate_factor(progress: float, warmup: float, decay: float) -> float:
    """The trapezoid: 0 to 1 over `warmup`, flat, then 1 to 0 over the last `decay` of the budget.

    progress in [0, 1]; the result multiplies every learning rate. Hägele et al. 2024,
    https://arxiv.org/abs/2405.18392, find it level with a cosine.
    """
    rise = progress / warmup if warmup > 0 else 1.0
    fall = (1.0 - progress) / decay if decay > 0 else 1.0
    return max(0.0, min(1.0, rise, fall))


@dataclass
class Progress:
    """Counters of a run; they are saved with it."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def fraction(self, settings: Settings) -> float:
        """How much of the budget is used, in [0, 1]."""
        parts = [0.0]
        if settings.tokens is not None:
            parts.append(self.tokens / settings.tokens)
        if settings.minutes is not None:
            parts.append(self.seconds / (60.0 * settings.minutes))
        return min(1.0, max(parts))
