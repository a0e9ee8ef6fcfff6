"""What every training stage does around the loop: its options, and the files it leaves behind.

A stage that runs to the end of its budget writes three things into the weights folder:
<name>.safetensors, <name>.log.jsonl, and its entry of manifest.json; pretraining also leaves its
snapshots. A run that was interrupted writes none of them, and --resume goes on; starting over would
lose its steps, so it must be said. Pretraining then leaves the weights in its run folder.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from tempfile import TemporaryFile
from typing import Any

import torch
from torch import nn

from gpt2_scratch.checkpoints.format import save_checkpoint
from gpt2_scratch.checkpoints.manifest import update_manifest
from gpt2_scratch.classifier import GPT2Classifier
from gpt2_scratch.lora import inject, merge
from gpt2_scratch.model import GPT2
from gpt2_scratch.vocabulary.tokenizer import Tokenizer, weights_dir
from train.datasets import cache_folder
from train.loop import loop
from train.loop.log import Snapshots
from train.loop.parallel import join_processes
from train.loop.saving import BEST_FILE, STATE_FILE
from train.loop.settings import Settings, add_settings_arguments
from train.loop.snapshots import SUFFIX as SNAPSHOTS_SUFFIX
from train.loop.snapshots import write_snapshots

UNFINISHED_FILE = "unfinished.safetensors"  # in a run's folder, after an interruption


def add_stage_arguments(parser: argparse.ArgumentParser, name: str, defaults: Settings) -> None:
    """--out, --run and the options of the loop; `name` is the weight file's default name."""
    parser.add_argument(
        "--out",
        type=Path,
        default=weights_dir() / f"{name}.safetensors",
        help="the weight file to write",
    )
    parser.add_argument(
        "--run",
        "--run-folder",  # torchrun takes --run for an abbreviation of an option of its own
        type=Path,
        help="folder of the log and the resumable state",
    )
    add_settings_arguments(parser, defaults)


def run_command_line(
    parser: argparse.ArgumentParser,
    run: Callable[[argparse.Namespace, str], None],
    argv: list[str] | None,
) -> int:
    """Parse, run, and turn a ValueError or an OSError into its sentence and exit status 1.

    `run` gets the options and the command line itself, which the weight file will carry.
    """
    arguments = parser.parse_args(argv)
    words = sys.argv[1:] if argv is None else argv
    command = shlex.join(parser.prog.split() + [word for word in words if word != "--resume"])
    try:
        if isinstance(getattr(arguments, "out", None), Path):
            check_output(arguments.out)
        run(arguments, command)
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    except OSError as error:
        where = error.filename or "A file"
        parser.exit(1, f"{where} cannot be read or written: {error.strerror or error}.\n")
    return 0


def check_output(path: Path) -> None:
    """Raise ValueError if no file can be written there: before hours of training, not after."""
    if path.is_dir():
        raise ValueError(f"--out {path} is a folder: name a file in it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ValueError(
            f"--out {path} cannot be written ({error.strerror}): choose another place."
        ) from error


def add_finetuning_arguments(
    parser: argparse.ArgumentParser,
    name: str,
    defaults: Settings,
    *,
    base: str = "base",
    epochs: float,
    batch_size: int,
) -> None:
    """`add_stage_arguments`, and what every fine-tuning has beside it.

    --base and --lora-rank are for `with_adapters` and `origin_of`, --seeds for `run_finetuning`,
    --epochs and --batch-size for `EpochOrder`.
    """
    parser.add_argument(
        "--base",
        default=base,
        help="the model to start from: base, gpt2, gpt2-medium, ..., or a path",
    )
    parser.add_argument(
        "--lora-rank", type=int, default=0, help="train low-rank adapters only; 0: everything"
    )
    parser.add_argument("--epochs", type=float, default=epochs, help="if no budget is given")
    parser.add_argument(
        "--batch-size", type=int, default=batch_size, help="examples per micro-batch"
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", help="train once per seed and keep the best on validation"
    )
    add_stage_arguments(parser, name, defaults)


def run_finetuning(
    parser: argparse.ArgumentParser,
    finetune: Callable[[argparse.Namespace, str], None],
    figure: str,
    measure: Callable[[argparse.Namespace, Path], Mapping[str, float]],
    argv: list[str] | None,
) -> int:
    """`run_command_line`, or with --seeds once per seed; prints their figures, mean and spread.

    finetune  trains with one seed, from the options and the command line
    figure    the validation figure by which one of several weight files is kept, the lowest
    measure   figures of a weight file on text that decides nothing

    Each seed has a run folder of its own, and leaves its weight file there. --resume goes on with
    the seeds that are not finished.
    """

    def run(arguments: argparse.Namespace, command: str) -> None:
        if not arguments.seeds:
            finetune(arguments, command)
            return
        rows: dict[int, dict[str, float]] = {}
        for seed in arguments.seeds:
            folder = run_folder_of(arguments) / f"seed-{seed}"
            out = folder / arguments.out.name
            resume = arguments.resume and (folder / STATE_FILE).exists()
            options = {"seed": seed, "run": folder, "out": out, "resume": resume}
            if not (arguments.resume and out.exists()):
                finetune(argparse.Namespace(**{**vars(arguments), **options}), command)
            if not out.exists():  # interrupted
                return
            last = out.with_suffix(".log.jsonl").read_text(encoding="utf-8").splitlines()[-1]
            rows[seed] = {f"validation {figure}": json.loads(last)["validation"][figure]}
            rows[seed] |= measure(arguments, out)
        print(format_seeds(rows))
        chosen = min(rows, key=lambda seed: rows[seed][f"validation {figure}"])
        source = run_folder_of(arguments) / f"seed-{chosen}" / arguments.out.name
        shutil.copyfile(source, arguments.out)
        _finish_file(arguments.out, source.with_suffix(".log.jsonl"))
        print(f"Kept seed {chosen} as {arguments.out}.")

    return run_command_line(parser, run, argv)


def with_adapters(model: nn.Module, rank: int, seed: int) -> nn.Module:
    """`model` in which all parameters learn, or with --lora-rank its new adapters only."""
    if rank < 0:
        raise ValueError(f"--lora-rank must not be below 0, and not {rank}.")
    if rank == 0:
        return model.requires_grad_(True)
    return inject(model, rank, generator=torch.Generator().manual_seed(seed))


def origin_of(arguments: argparse.Namespace, command: str, data: Sequence[str]) -> dict[str, Any]:
    """What the header of a fine-tuning's weight file says of where it came from."""
    origin = {"commands": [command], "data": list(data), "base": str(arguments.base)}
    return origin | ({"lora_rank": arguments.lora_rank} if arguments.lora_rank else {})


def run_folder_of(arguments: argparse.Namespace) -> Path:
    return arguments.run or cache_folder() / "runs" / arguments.out.stem


def _finish_file(weights: Path, log: Path) -> None:
    """What stands beside a new weight file: its log, and no figures of the weights before."""
    shutil.copyfile(log, weights.with_suffix(".log.jsonl"))
    update_manifest(weights, metrics={})
    weights.with_suffix(".metrics.json").unlink(missing_ok=True)


def format_seeds(rows: Mapping[int, Mapping[str, float]]) -> str:
    """A table: one row per seed, then mean and sample standard deviation."""
    names = list(next(iter(rows.values())))
    columns = {name: [row[name] for row in rows.values()] for name in names}
    summary: dict[str, Sequence[float]] = {
        **{f"seed {seed}": [row[name] for name in names] for seed, row in rows.items()},
        "mean": [mean(columns[name]) for name in names],
        "deviation": [stdev(columns[name]) if len(rows) > 1 else 0.0 for name in names],
    }
    width = max(len(name) for name in names) + 2
    lines = [" " * 12 + "".join(f"{name:>{width}}" for name in names)]
    for title, values in summary.items():
        lines.append(f"{title:12}" + "".join(f"{value:>{width}.4f}" for value in values))
    return "\n".join(lines)


def lineage(parent: Mapping[str, str], command: str) -> tuple[list[str], int]:
    """(commands, tokens read before) of a run that goes on from a weight file with this header."""
    return [*json.loads(parent["commands"]), command], int(parent["tokens"])


def run_stage(
    model: GPT2 | GPT2Classifier,
    task: loop.Task,
    settings: Settings,
    arguments: argparse.Namespace,
    *,
    tokenizer: Tokenizer,
    origin: Mapping[str, Any],
    finish: Callable[[], Mapping[str, Any]] = dict,
    tokens_before: int = 0,
    snapshots: Snapshots | None = None,
) -> None:
    """Train, and if the budget was used up, write the weight file, its log and its manifest entry.

    origin   JSON values for the file's header and the log's first line: commands, data, base
    finish   called with the training done and adapters merged: what is left to do with the model,
             and further values for the header
    tokens_before  what the weights had read before this stage; the header counts on from there
    snapshots  as `loop.train` takes them; an interrupted run that has some leaves its weights
    """
    run_folder = run_folder_of(arguments)
    if (run_folder / STATE_FILE).exists() and not arguments.resume:
        raise ValueError(
            f"{run_folder} holds an unfinished run: add --resume to go on with it, or delete it."
        )
    kind, trunk = ("gpt2", model) if isinstance(model, GPT2) else ("classifier", model.trunk)
    description = {"config": trunk.config.to_dict(), **origin}
    progress = loop.train(
        model, task, settings, run_folder, arguments.resume, description, snapshots
    )
    if join_processes()[0] != 0:
        return
    tokens = tokens_before + progress.tokens

    def write_weights(path: Path, header: Mapping[str, Any]) -> None:
        metadata = {key: json.dumps(value) for key, value in {**origin, **header}.items()}
        head = {} if isinstance(model, GPT2) else {"score.weight": model.score.weight}
        tensors = trunk.state_dict() | head
        save_checkpoint(
            path, tensors, trunk.config, kind=kind, tokenizer=tokenizer.name, metadata=metadata
        )

    if progress.fraction(settings) < 1:
        if snapshots is not None:
            write_weights(run_folder / UNFINISHED_FILE, {"tokens": tokens, "unfinished": True})
        return
    merge(model)
    write_weights(arguments.out, {"tokens": tokens, **finish()})
    log = run_folder / "log.jsonl"
    _finish_file(arguments.out, log)
    write_snapshots(log, arguments.out.with_suffix(SNAPSHOTS_SUFFIX))
    for name in (STATE_FILE, BEST_FILE, UNFINISHED_FILE):
        (run_folder / name).unlink(missing_ok=True)
    print(f"Wrote {arguments.out}: {tokens:,} tokens read in {progress.seconds / 60:.1f} minutes.")
