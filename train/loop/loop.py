"""The one training loop: every stage brings a model and a `Task`, the loop does the rest.

Optimiser, schedule, clipping, accumulation, mixed precision, evaluation, samples, the log,
checkpoints and resume: all of it lives here and only here; `parallel.py` knows how several
processes under torchrun share the work.

A run is a folder. `log.jsonl` has one JSON object per line; `state.safetensors` is everything
needed to go on as if nothing had happened: parameters, optimiser state, counters. Data order and
dropout need no state, since both are functions of (seed, step). Ctrl-C or SIGTERM finishes the
step, saves and returns; the same command with --resume goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import AdamW, Optimizer
from tqdm import tqdm

from gpt2_scratch.checkpoints.format import write_tensors
from gpt2_scratch.model import GPT2
from train.loop.muon import Muon
from train.loop.parallel import (
    agree,
    computes_in_bfloat16,
    gather,
    join_processes,
    no_sync,
    shard,
    shard_like,
    total,
    whole,
)

Batch = tuple[Tensor, ...]
STATE_FILE = "state.safetensors"  # in a run's folder
BEST_FILE = "best.safetensors"  # likewise; see `Settings.keep_best`


class Task(Protocol):
    """What a training stage supplies. Steps count optimiser updates from 0."""

    def batch(self, index: int, rank: int, world_size: int) -> Batch:
        """The micro-batch with this number: the same tensors for the same number, always."""

    def loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """The mean loss of a batch, in nats: a scalar."""

    def tokens(self, batch: Batch) -> int:
        """How many tokens the model reads for this batch; the budget and the log count them."""

    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Held-out figures by name."""

    def samples(self, model: nn.Module) -> list[str]:
        """A few texts that show what the model can do by now; may be empty."""


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


def make_optimizers(model: nn.Module, settings: Settings) -> list[Optimizer]:
    """One or two optimisers that share the parameters of a model between them.

    Muon, if chosen, takes the matrices inside the blocks. AdamW takes the embeddings (each row is
    a vector of its own, not a map between spaces), a classifier's head, adapters, norms and
    biases. Weight decay is for matrices: pulling a bias or a norm towards zero regularises nothing.
    """
    hidden, other_matrices, vectors = [], [], []
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if parameter.dim() != 2:
            vectors.append(parameter)
        elif settings.optimizer == "muon" and ".h." in f".{name}" and "lora_" not in name:
            hidden.append(parameter)
        else:
            other_matrices.append(parameter)
    groups = [
        {"params": other_matrices, "weight_decay": settings.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    optimizers: list[Optimizer] = []
    if groups:
        optimizers.append(AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.95), fused=True))
    if hidden:
        decay = settings.weight_decay
        optimizers.append(Muon(hidden, lr=settings.muon_learning_rate, weight_decay=decay))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]  # what the schedule's factor multiplies
    return optimizers


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


# --- saving and resuming -----------------------------------------------------------------------


def save_state(
    path: Path, model: nn.Module, optimizers: Sequence[Optimizer], progress: Progress
) -> None:
    """Write a run's state as one safetensors file, atomically: old or new, never half of one.

    The file holds whole tensors, however many processes there are. All of them take part if the
    model is sharded; the first one writes.
    """
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for number, optimizer in enumerate(optimizers):
        for index, state in optimizer.state_dict()["state"].items():
            for key, value in state.items():
                tensors[f"optimizer.{number}.{index}.{key}"] = torch.as_tensor(value)
    is_main = join_processes()[0] == 0
    kept = {}
    for name, tensor in tensors.items():
        put_together = whole(tensor.detach())
        if is_main:
            kept[name] = put_together.cpu().contiguous()
    if is_main:
        write_tensors(path, kept, {"progress": json.dumps(asdict(progress))})


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A safetensors file of a run. Raises ValueError, one sentence, if it is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path} is damaged ({error}): delete {path.parent} and start without --resume."
        ) from error


def load_state(path: Path, model: nn.Module, optimizers: Sequence[Optimizer]) -> Progress:
    """Restore what `save_state` wrote, and return the counters.

    Raises ValueError when the state is damaged, or belongs to another model or optimiser.
    """
    with opened(path) as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        progress = Progress(**json.loads(file.metadata()["progress"]))
    prefix = "model."
    weights = {name[len(prefix) :]: t for name, t in tensors.items() if name.startswith(prefix)}
    misfit = (
        f"{path} was saved by a run with another model or optimizer; start without --resume or "
        "with the options of that run."
    )
    shapes = {name: tensor.shape for name, tensor in model.state_dict().items()}
    if {name: tensor.shape for name, tensor in weights.items()} != shapes:
        raise ValueError(misfit)
    model.load_state_dict({n: shard_like(weights[n], t) for n, t in model.state_dict().items()})
    for number, optimizer in enumerate(optimizers):
        state: dict[int, dict[str, Tensor]] = {}
        prefix = f"optimizer.{number}."
        for name, tensor in tensors.items():
            if name.startswith(prefix):
                index, key = name[len(prefix) :].split(".", 1)
                state.setdefault(int(index), {})[key] = tensor
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        for index, named in state.items():
            if index >= len(parameters):
                raise ValueError(misfit)
            for key, tensor in named.items():
                if tensor.dim() == 0:  # a counter
                    continue
                if tensor.shape != parameters[index].shape:  # torch itself does not look
                    raise ValueError(misfit)
                named[key] = shard_like(tensor, parameters[index])
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": state, "param_groups": groups})
    return progress


class Best:
    """The parameters that had one held-out figure lowest so far, in a file that survives a stop."""

    def __init__(self, path: Path, figure: str, resume: bool) -> None:
        self.path, self.figure = path, figure
        self.step, self.figures = 0, {figure: math.inf}
        if resume and path.exists():
            with opened(path) as file:
                metadata = file.metadata()
            self.step, self.figures = int(metadata["step"]), json.loads(metadata["figures"])

    def offer(self, model: nn.Module, step: int, figures: dict[str, float]) -> None:
        """Keep the model as it is if it is the best so far."""
        if figures[self.figure] >= self.figures[self.figure]:
            return
        self.step, self.figures = step, figures
        tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
        metadata = {"step": str(step), "figures": json.dumps(figures)}
        write_tensors(self.path, tensors, metadata)

    def restore(self, model: nn.Module) -> None:
        """Put the kept parameters back; the file is done with."""
        with opened(self.path) as file:
            names = file.keys()
            model.load_state_dict({name: file.get_tensor(name) for name in names})


@dataclass(frozen=True)
class Snapshots:
    """Moments of a run at which the log gets more than a few figures.

    moments  tokens read, rising; the end of the run is one more
    take     the model, in evaluation mode -> JSON values
    """

    moments: Sequence[int]
    take: Callable[[nn.Module], Mapping[str, Any]]

    def due(self, before: int, after: int) -> bool:
        """Whether a moment lies among the tokens from `before`, left out, to `after`."""
        return any(before < moment <= after for moment in self.moments)


class Log:
    """Append-only JSON lines. On resume, lines after the resumed step are dropped."""

    def __init__(self, path: Path, resumed_step: int | None) -> None:
        kept: list[str] = []
        if resumed_step is not None and path.exists():
            lines = path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if self._step(line) <= resumed_step]
        self._path = path
        path.write_text("".join(line + "\n" for line in kept), encoding="utf-8")

    @staticmethod
    def _step(line: str) -> float:
        try:
            return float(json.loads(line).get("step", 0))
        except ValueError:  # the power failed, or the disk filled up, in the middle of a line
            return math.inf

    def write(self, **values: Any) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")


# --- the loop ----------------------------------------------------------------------------------


def train(
    model: nn.Module,
    task: Task,
    settings: Settings,
    run_folder: Path,
    resume: bool = False,
    description: dict[str, Any] | None = None,
    snapshots: Snapshots | None = None,
) -> Progress:
    """Train `model` until the budget is used up or the user interrupts.

    run_folder   gets log.jsonl and state.safetensors
    resume       go on from run_folder's state; an error if there is none
    description  written into the log's first line: the command, the data, the config
    snapshots    what else goes into the log, and when

    Returns the counters; compare `fraction(settings)` with 1 to see whether the run is complete.
    If it is, `model` is trained: in every process, or with `settings.shard` in the first.
    Raises ValueError when the loss stops being a number or there is nothing to resume.
    """
    if settings.tokens is None and settings.minutes is None:
        raise ValueError("Give the run a budget: --minutes or --tokens.")
    rank, world_size, device = join_processes()
    is_main = rank == 0
    run_folder.mkdir(parents=True, exist_ok=True)
    torch.set_flush_denormal(True)  # vanishing gradients must not slow the processor down
    model.train()
    for module in model.modules():
        if isinstance(module, GPT2):
            module.gradient_checkpointing = settings.gradient_checkpointing
    is_sharded = settings.shard and world_size > 1
    learner = shard(model, rank, device) if is_sharded else model.to(device)
    optimizers = make_optimizers(learner, settings)
    state_path = run_folder / STATE_FILE
    progress = Progress()
    if resume:
        if not state_path.exists():
            raise ValueError(f"There is nothing to resume in {run_folder}; leave --resume out.")
        progress = load_state(state_path, learner, optimizers)
    if settings.dtype == "auto":
        dtype = torch.bfloat16 if computes_in_bfloat16(device) else torch.float32
    else:
        dtype = getattr(torch, settings.dtype)
    is_replicated = world_size > 1 and not is_sharded
    wrapped: nn.Module = DistributedDataParallel(learner) if is_replicated else learner
    loss_function: Callable[[nn.Module, Batch], Tensor] = task.loss
    if settings.compile:
        loss_function = torch.compile(task.loss, dynamic=False)

    log = Log(run_folder / "log.jsonl", progress.step if resume else None) if is_main else None
    if log and not resume:
        log.write(step=0, settings=asdict(settings), dtype=str(dtype), **(description or {}))

    best = Best(run_folder / BEST_FILE, settings.keep_best, resume)

    def look(what: Callable[[nn.Module], dict[str, Any]]) -> dict[str, Any]:
        """Look at the model as it is, in evaluation mode, and write down what is seen."""
        gather(learner, model)
        if not is_main or log is None:
            return {}
        home = next(model.parameters()).device  # another one than `device` while it is sharded
        model.to(device).eval()
        with torch.no_grad():
            seen = what(model)
        model.to(home).train()
        log.write(step=progress.step, tokens=progress.tokens, **seen)
        return seen

    def evaluate() -> None:
        """Figures and samples, into the log and onto the screen."""
        seen = look(lambda m: {"validation": task.evaluate(m), "samples": task.samples(m)})
        if not seen:
            return
        if settings.keep_best:
            best.offer(model, progress.step, seen["validation"])
        shown = "  ".join(f"{name} {value:.4f}" for name, value in seen["validation"].items())
        tqdm.write(f"step {progress.step}  {shown}")
        for sample in seen["samples"]:
            tqdm.write(f"  | {sample!r}")

    def take_snapshot() -> None:
        assert snapshots is not None
        take = snapshots.take
        look(lambda m: {"snapshot": take(m)})

    if snapshots and not resume and snapshots.due(-1, 0):
        take_snapshot()
    last_save = time.monotonic()
    stop = 0.0
    with interruptible() as interrupted, progress_bar(settings, progress, is_main) as bar:
        while (fraction := progress.fraction(settings)) < 1.0 and not stop:
            started = time.monotonic()
            seed_dropout(settings.seed, progress.step, rank)
            factor = learning_rate_factor(fraction, settings.warmup, settings.decay)
            for optimizer in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = group["peak_lr"] * factor
            loss_sum, tokens = 0.0, 0.0
            for micro in range(settings.accumulation):
                number = progress.step * settings.accumulation + micro
                batch = tuple(t.to(device) for t in task.batch(number, rank, world_size))
                is_last = micro == settings.accumulation - 1
                with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
                    loss = loss_function(wrapped, batch) / settings.accumulation
                with contextlib.nullcontext() if is_last else no_sync(wrapped):
                    loss.backward()
                loss_sum += loss.item()
                tokens += task.tokens(batch)
            loss_sum, tokens = total(world_size, loss_sum / world_size, tokens)
            norm = float(whole(nn.utils.clip_grad_norm_(learner.parameters(), settings.clip)))
            if not math.isfinite(loss_sum + norm):
                raise ValueError(
                    f"At step {progress.step} the loss became {loss_sum} and the norm of its "
                    f"gradient {norm}; lower the learning rate (the last good state, if one "
                    f"was saved, is in {state_path})."
                )
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            elapsed = time.monotonic() - started
            progress.step += 1
            progress.tokens += int(tokens)
            save_is_due = time.monotonic() - last_save > settings.save_every_seconds
            slowest, stop, save = agree(world_size, elapsed, interrupted(), save_is_due)
            progress.seconds += slowest

            bar.update(progress.fraction(settings) - fraction)
            bar.set_postfix_str(f"loss {loss_sum:.3f}, {tokens / elapsed:,.0f} tokens/s")
            if log and progress.step % settings.log_every == 0:
                log.write(
                    step=progress.step,
                    tokens=progress.tokens,
                    seconds=round(progress.seconds, 1),
                    loss=round(loss_sum, 5),
                    learning_rate=factor,
                    gradient_norm=round(norm, 4),
                    tokens_per_second=round(tokens / elapsed),
                )
            if snapshots and snapshots.due(progress.tokens - int(tokens), progress.tokens):
                take_snapshot()
            every = settings.evaluate_every
            if every and progress.step % every == 0 and progress.fraction(settings) < 1.0:
                evaluate()
            if save:
                save_state(state_path, learner, optimizers, progress)
                last_save = time.monotonic()
    save_state(state_path, learner, optimizers, progress)
    if progress.fraction(settings) >= 1.0:
        evaluate()
        if snapshots:
            take_snapshot()
        if log and settings.keep_best and best.step != progress.step:
            best.restore(model)
            log.write(
                step=progress.step,
                tokens=progress.tokens,
                validation=best.figures,
                kept_step=best.step,
            )
            tqdm.write(f"Kept the parameters of step {best.step}, the best on held-out data.")
    elif is_main:
        tqdm.write(f"Stopped at step {progress.step}, saved; --resume goes on from here.")
    model.eval()
    return progress


def progress_bar(settings: Settings, progress: Progress, is_main: bool) -> tqdm:
    """A bar over the budget, with the time left."""
    shape = "{percentage:5.1f}%|{bar:20}| {elapsed}<{remaining} {postfix}"
    initial = progress.fraction(settings)
    return tqdm(total=1.0, initial=initial, bar_format=shape, disable=not is_main, mininterval=1.0)


def seed_dropout(seed: int, step: int, rank: int) -> None:
    """Make a step's dropout a function of these three, as its batch is: a run owns its process."""
    mixed = np.random.SeedSequence([seed, step, rank]).generate_state(1, np.uint64)
    torch.manual_seed(int(mixed[0]))


@contextlib.contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C and SIGTERM into a question the loop can ask between two steps.

    A second Ctrl-C ends the program at once.
    """
    received: list[int] = []

    def remember(number: int, frame: object) -> None:
        received.append(number)
        signal.signal(signal.SIGINT, previous[signal.SIGINT])

    previous: dict[int, Any] = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        previous[number] = signal.signal(number, remember)
    try:
        yield lambda: bool(received)
    finally:
        for restored, handler in previous.items():
            signal.signal(restored, handler)


# --- what stages share -------------------------------------------------------------------------


def language_model_loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Mean cross-entropy in nats per target token; targets of -100 are left out.

    x, y: (B, T) int64, y one token ahead of x.
    """
    logits = model(x, all_positions=True)  # (B, T, V)
    # (B, T, V) -> (B*T, V) and (B, T) -> (B*T,): every position is one classification
    return nn.functional.cross_entropy(logits.flatten(0, 1).float(), y.flatten())


def grow(source: GPT2, target: GPT2) -> GPT2:
    """Start a deeper model with a longer window from a trained shallow one; returns `target`.

    The blocks are repeated in order (progressive stacking, Gong et al. 2019,
    https://proceedings.mlr.press/v97/gong19a.html) and the positions tiled (Beltagy et al. 2020,
    https://arxiv.org/abs/2004.05150, section 5). The early tokens of a run cost half as much in
    the shallow model. Raises ValueError when width, heads or vocabulary differ.
    """
    old, new = source.config, target.config
    same = (old.n_embd, old.n_head, old.vocab_size) == (new.n_embd, new.n_head, new.vocab_size)
    if not same or new.n_layer % old.n_layer or new.block_size % old.block_size:
        raise ValueError(
            f"A model grows by whole copies of its {old.n_layer} layers and {old.block_size} "
            f"positions, at the same width, heads and vocabulary; {new} does not."
        )
    with torch.no_grad():
        target.wte.load_state_dict(source.wte.state_dict())
        target.ln_f.load_state_dict(source.ln_f.state_dict())
        tiles = new.block_size // old.block_size
        target.wpe.weight.copy_(source.wpe.weight.repeat(tiles, 1))  # (T, C) -> (tiles * T, C)
        for layer, block in enumerate(target.h):
            block.load_state_dict(source.h[layer % old.n_layer].state_dict())
    return target
