"""The whole chain from data to manifest: print it, or run it.

    python -m train.reproduce                            # the commands, and what each one makes
    python -m train.reproduce --run --weights my-weights
    python -m train.reproduce --run --from finetune_spam
    python -m train.reproduce --run --budget tiny        # all of it in minutes, to try the chain

A chain that was stopped goes on where it stopped: with --from and the stage that it names.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gpt2_scratch.vocabulary.tokenizer import weights_dir
from train.datasets import CORPUS, cache_folder
from train.loop.saving import STATE_FILE

WEIGHTS_VARIABLE = "GPT2_SCRATCH_WEIGHTS"
DATA = (*(dataset.name for dataset in CORPUS), "sms-spam", "sft", "instruction-data")


@dataclass(frozen=True)
class Stage:
    """One command, `python -m train.<module> <options>`.

    makes   the file in the weights folder that tells that it is done; "" for one outside
    budget  what it may cost on two processor cores, in words
    """

    module: str
    options: tuple[str, ...] = ()
    makes: str = ""
    budget: str = ""

    def command(self) -> str:
        return shlex.join(["python", "-m", f"train.{self.module}", *self.options])

    def run(self, options: list[str]) -> int:
        """What the command does, in this process; its exit status."""
        module = importlib.import_module(f"train.{self.module}")
        if hasattr(module, "__path__"):  # a package, whose command is in its __main__.py
            module = importlib.import_module(f"{module.__name__}.__main__")
        return module.main(options)


PRETRAINING = (
    "--preset nano --windows 256 256 256 512 --tokens 120M --learning-rate 1.4e-3 "
    "--muon-learning-rate 0.014 --warmup 0.01 --decay 0.2 --compile --evaluate-every 1000"
)
STAGES = (
    Stage("build_data", ("corpus", "sft"), budget="if missing"),
    Stage("datasets", ("--download", *DATA), budget="verified"),
    Stage("tokenizer", (), "simple.tiktoken", "2 minutes"),
    Stage("packing", budget="2 minutes"),
    Stage("pretrain", tuple(PRETRAINING.split()), "base.safetensors", "13 hours"),
    Stage("finetune_spam", ("--seeds", *"01234"), "spam.safetensors", "3 hours"),
    Stage("finetune_chat", (), "chat.safetensors", "4 hours"),
    Stage("evaluate", ("all",), "manifest.json", "10 minutes"),
)
# What a stage is run with to try the chain, where that is something else.
TINY = {
    "tokenizer": "--vocab-size 300",
    "pretrain": "--preset nano --vocab-size 300 --n-layer 1 --block-size 256 --tokens 8k",
    "finetune_spam": "--modern 40 --tokens 2k --evaluate-every 1000",
    "finetune_chat": "--tokens 3k --batch-size 8 --requests 0 --stories 0 --evaluate-every 1000",
}


def chain(budget: str) -> list[Stage]:
    """The stages in order, for "full" or "tiny"."""
    if budget == "full":
        return list(STAGES)
    tiny = {name: tuple(options.split()) for name, options in TINY.items()}
    return [
        replace(stage, options=tiny.get(stage.module, stage.options), budget="seconds")
        for stage in STAGES
    ]


def format_chain(stages: Sequence[Stage]) -> str:
    """One line per stage: what it makes, what it costs, its command."""
    lines = [f"{'makes':22}{'budget':12}command"]
    for stage in stages:
        lines.append(f"{stage.makes or '(cached data)':22}{stage.budget:12}{stage.command()}")
    return "\n".join(lines)


def run_chain(stages: Sequence[Stage]) -> None:
    """Run the stages in this process. Raises ValueError naming the stage that did not finish."""
    for stage in stages:
        print(f"\n== {stage.command()}", flush=True)
        started = time.time()
        options = list(stage.options)
        name = Path(stage.makes).stem
        if any((cache_folder() / "runs" / name).rglob(STATE_FILE)):  # also that of one of --seeds
            options.append("--resume")
        try:
            status: object = stage.run(options)
        except SystemExit as end:  # how a command line says that it cannot go on
            status = end.code
        path = weights_dir() / stage.makes
        # A run that Ctrl-C stopped has saved its state and made no file; seconds may be rounded.
        is_done = not stage.makes or (path.exists() and path.stat().st_mtime >= started - 2)
        if status or not is_done:
            raise ValueError(
                f"The chain stopped at {stage.module}; go on with "
                f"`python -m train.reproduce --run --from {stage.module}` and the options of now."
            )


def main(argv: list[str] | None = None) -> int:
    """Print the commands that make all weights, or run them one after the other."""
    parser = argparse.ArgumentParser(prog="python -m train.reproduce", description=main.__doc__)
    names = [stage.module for stage in STAGES]
    parser.add_argument("--run", action="store_true", help="run the chain instead of printing it")
    parser.add_argument("--budget", choices=("full", "tiny"), default="full")
    parser.add_argument("--from", dest="first", choices=names, default=names[0])
    parser.add_argument(
        "--weights", type=Path, help=f"folder for the results; default {WEIGHTS_VARIABLE}"
    )
    arguments = parser.parse_args(argv)
    stages = chain(arguments.budget)[names.index(arguments.first) :]
    if not arguments.run:
        print(format_chain(stages))
        return 0
    if arguments.budget == "tiny" and not arguments.weights:
        parser.error("--budget tiny makes toys: give them a folder of their own with --weights")
    if arguments.weights:
        arguments.weights.mkdir(parents=True, exist_ok=True)
        os.environ[WEIGHTS_VARIABLE] = str(arguments.weights)
    try:
        run_chain(stages)
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
