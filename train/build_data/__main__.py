"""python -m train.build_data: see the package."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from train.build_data import corpus, sft
from train.build_data.sources import CORPUS_SOURCES, TASK_SOURCES
from train.data.catalogue import CORPUS
from train.datasets import cache_folder


def main(argv: list[str] | None = None) -> int:
    """Rebuild prepared data from public repositories; what is built already is left alone."""
    parser = argparse.ArgumentParser(prog="python -m train.build_data", description=main.__doc__)
    parser.add_argument("kinds", nargs="+", choices=("corpus", "sft"), metavar="corpus|sft")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", choices=[d.name for d in CORPUS],
        help="some files of the corpus",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1,
        help="processes that convert (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, help="data folder (default: where training looks for it)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bars")
    arguments = parser.parse_args(argv)
    if arguments.jobs < 1:
        parser.error("--jobs must be at least 1")
    output = arguments.output or cache_folder() / "data"
    work = cache_folder() / "build"
    options = {"jobs": arguments.jobs, "progress": not arguments.quiet}
    try:
        if "corpus" in arguments.kinds:
            counts = corpus.build(output, work / "corpus", names=arguments.only, **options)
            _report("documents", counts, {s.name: s.documents for s in CORPUS_SOURCES})
        if "sft" in arguments.kinds:
            counts = sft.build(output, work / "sft", **options)
            _report("tasks", counts, {s.name: s.tasks for s in TASK_SOURCES})
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    return 0


def _report(what: str, counts: dict[str, int], published: dict[str, int]) -> None:
    """What each source gave, beside what it gave the files that the weights were trained on."""
    if not counts:
        print(f"The {what} are there already.")
    for name, count in counts.items():
        print(f"{name}: {count:,} {what} ({published[name]:,} in the published file)")


if __name__ == "__main__":
    raise SystemExit(main())
