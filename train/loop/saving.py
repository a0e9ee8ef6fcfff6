"""A run's state in a file, and its best parameters, to go on from."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.optim import Optimizer

from gpt2_scratch.checkpoints.format import write_tensors
from train.loop.parallel import join_processes, shard_like, whole
from train.loop.settings import Progress

STATE_FILE = "state.safetensors"  # in a run's folder
BEST_FILE = "best.safetensors"  # likewise; see `Settings.keep_best`


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
