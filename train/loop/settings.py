"""Everything about a run that is not the model or the data, and how far it has come."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass


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
        if self.optimizer not in ("muon", "adamw"):
            raise ValueError(f"The optimizer must be muon or adamw, not {self.optimizer!r}.")
        if self.dtype not in ("auto", "float32", "bfloat16"):
            raise ValueError(f"The dtype must be auto, float32 or bfloat16, not {self.dtype!r}.")
        for budget in (self.tokens, self.minutes):
            if budget is not None and not budget > 0:
                raise ValueError(f"A budget must be above zero, not {budget}.")
        if self.accumulation < 1 or self.evaluate_every < 0:
            raise ValueError("accumulation must be at least 1 and evaluate_every at least 0.")


def add_settings_arguments(parser: argparse.ArgumentParser, defaults: Settings) -> None:
    """Options that every stage has, with the stage's defaults; see `settings_from`."""
    group = parser.add_argument_group("training loop")
    group.add_argument("--minutes", type=float, default=defaults.minutes, help="time budget")
    group.add_argument("--tokens", type=parse_count, default=defaults.tokens, help="e.g. 20M")
    group.add_argument("--optimizer", choices=("muon", "adamw"), default=defaults.optimizer)
    group.add_argument("--learning-rate", type=float, default=defaults.learning_rate)
    group.add_argument("--muon-learning-rate", type=float, default=defaults.muon_learning_rate)
    group.add_argument("--weight-decay", type=float, default=defaults.weight_decay)
    group.add_argument("--warmup", type=float, default=defaults.warmup, help="part of the budget")
    group.add_argument("--decay", type=float, default=defaults.decay, help="part of the budget")
    group.add_argument("--clip", type=float, default=defaults.clip)
    group.add_argument("--accumulation", type=int, default=defaults.accumulation)
    group.add_argument("--seed", type=int, default=defaults.seed)
    group.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default=defaults.dtype)
    group.add_argument(
        "--gradient-checkpointing",
        action=argparse.BooleanOptionalAction,
        default=defaults.gradient_checkpointing,
        help="less memory, a third more work",
    )
    group.add_argument("--compile", action=argparse.BooleanOptionalAction, default=defaults.compile)
    group.add_argument(
        "--shard",
        action=argparse.BooleanOptionalAction,
        default=defaults.shard,
        help="under torchrun: split the model over the processes, for sizes that one cannot hold",
    )
    group.add_argument("--evaluate-every", type=int, default=defaults.evaluate_every)
    group.add_argument("--resume", action="store_true", help="go on from the run folder")


def settings_from(arguments: argparse.Namespace, defaults: Settings) -> Settings:
    """The `Settings` that parsed options describe. Raises ValueError as Settings does."""
    given = {name: getattr(arguments, name, value) for name, value in asdict(defaults).items()}
    return Settings(**given)


def parse_count(text: str) -> int:
    """ "20M" -> 20,000,000, and likewise k and B. Raises argparse's error type."""
    scale = {"k": 1e3, "m": 1e6, "b": 1e9}.get(text[-1:].lower(), 1.0)
    try:
        return int(float(text[:-1] if scale > 1 else text) * scale)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a count such as 20M.") from None


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
