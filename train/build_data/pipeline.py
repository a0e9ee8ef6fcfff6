"""From repositories to records: archives one after the other, converters in parallel processes.

Whatever is finished has its final name and is not done again, so a command that was stopped goes on
where it stopped: archives are complete or ".part", and so are the converters' files.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from train.build_data.archives import fetch_archive
from train.data.download import DatasetError

Record = dict[str, Any]


@dataclass(frozen=True)
class Converter:
    """How one source becomes records.

    origins   the repositories, "owner/name@commit"
    convert   gets the paths of their archives in this order; a function of a module, so that
              another process can find it
    from_hub  asked (whether to show progress) for a file that `convert` gets in place of them
    """

    name: str
    origins: tuple[str, ...]
    convert: Callable[[Sequence[Path]], Iterator[Record]]
    from_hub: Callable[[bool], Path | None] | None = None


def run_converters(
    converters: Sequence[Converter], work: Path, jobs: int, progress: bool = True
) -> None:
    """Write work/NAME.jsonl for each converter that has none.

    Archives go to work/../archives. A source is converted while the next archives arrive.
    Raises DatasetError when an archive cannot be downloaded or lacks a file, or when the system
    ends a process.
    """
    archives = work.parent / "archives"
    work.mkdir(parents=True, exist_ok=True)
    waiting = [c for c in converters if not records_path(work, c.name).exists()]
    bar = tqdm(desc="sources", total=len(converters), initial=len(converters) - len(waiting),
               unit="source", disable=not progress)  # fmt: skip
    context = multiprocessing.get_context("spawn")  # forking a process with threads may hang it
    with bar, ProcessPoolExecutor(jobs, mp_context=context) as pool:
        running: list[Future[None]] = []
        try:
            for converter in waiting:
                if file := converter.from_hub and converter.from_hub(progress):
                    paths = [file]
                else:
                    origins = converter.origins
                    paths = [fetch_archive(archives, origin, progress) for origin in origins]
                future = pool.submit(_convert, converter, paths, work)
                future.add_done_callback(lambda _: bar.update())
                running.append(future)
        finally:  # without a network, what has been downloaded is converted all the same
            for future in running:
                _wait_for(future)


def _wait_for(future: Future[None]) -> None:
    try:
        future.result()  # raises what the process raised
    except BrokenProcessPool as error:
        raise DatasetError(
            "A process that converts was ended, maybe for want of memory: run the command again "
            "with fewer --jobs."
        ) from error


def records_path(work: Path, name: str) -> Path:
    """Where the records of a source are: one JSON object per line."""
    return work / f"{name}.jsonl"


def read_records(work: Path, name: str) -> Iterator[Record]:
    """The records of a converted source, in order."""
    with records_path(work, name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _convert(converter: Converter, paths: Sequence[Path], work: Path) -> None:
    target = records_path(work, converter.name)
    part = target.with_name(target.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        for record in converter.convert(paths):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    os.replace(part, target)
