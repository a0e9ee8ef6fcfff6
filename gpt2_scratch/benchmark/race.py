"""A fair race: each contestant in a process of its own, the rounds in turns.

In one process the threads of one program wait on the cores that another one needs, and a program
finds its memory where another one has left it. Here each has all that it would have alone, and no
two run at the same time.
"""

from __future__ import annotations

import multiprocessing
import platform
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch

from gpt2_scratch.benchmark.contestants import Contestant, contestant
from gpt2_scratch.benchmark.models import random_or_trained
from gpt2_scratch.engine.processor import instruction_line

# What speed depends on, of all that a processor can do.
INSTRUCTIONS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "asimd")


@contextmanager
def in_processes(names: Sequence[str], model: str, threads: int) -> Iterator[list[Contestant]]:
    """The contestants of these names over a model, each in a process until the block is left.

    Raises ValueError if one of them needs a package that is not installed.
    """
    spawn = multiprocessing.get_context("spawn")
    with ExitStack() as processes:
        found = []
        for name in names:
            process = processes.enter_context(ProcessPoolExecutor(1, mp_context=spawn))
            weight_bytes = process.submit(_enter, name, model, threads).result()
            found.append(Contestant(name, weight_bytes, _remote(process)))
        yield found


def _remote(process: ProcessPoolExecutor) -> Callable[[list[int], int], object]:
    return lambda ids, new: process.submit(_generate, ids, new).result()


_here: list[Contestant] = []  # in a contestant's own process: the contestant


def _enter(name: str, model: str, threads: int) -> int:
    torch.set_num_threads(threads)
    _here.append(contestant(name, random_or_trained(model), threads))
    return _here[0].weight_bytes


def _generate(ids: list[int], new: int) -> None:
    _here[0].generate(ids, new)


def interleaved(
    contestants: Sequence[Contestant], ids: list[int], new: int, rounds: int
) -> dict[str, list[float]]:
    """Seconds of each contestant in each round, after one round that does not count."""
    times: dict[str, list[float]] = {each.name: [] for each in contestants}
    for number in range(rounds + 1):
        for each in contestants:
            start = time.perf_counter()
            each.generate(ids, new)
            if number:
                times[each.name].append(time.perf_counter() - start)
    return times


def machine(threads: int) -> str:
    """The processor in one line: its name, what it can do, and how many threads run on it."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"^model name\s*: (.+)$", info.read_text(encoding="utf-8"), re.MULTILINE)
        name = found[1] if found else name
    words = instruction_line().split()
    able = [word for word in INSTRUCTIONS if word in words]
    return f"{name} ({', '.join(able) or 'no vector instructions known'}), {threads} threads"
