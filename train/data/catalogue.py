"""The catalogue: every data set of this project with its origin, licence, size and sha256.

The facts stand in catalogue.toml; train/datasets.py fetches, verifies, reads and splits the sets.

Two kinds of entry. A set with a `url` is a file that its publisher serves, and is downloaded
when missing. A set without one was cleaned from several repositories, each pinned to a commit
in `origin` ("owner/name@commit" on GitHub): no public address serves the cleaned file, so it
is read from the folder that GPT2_SCRATCH_DATA names, or built (train/build_data). Some of these
commits are old ones: tinystories, tinystories_truecased and wikinews were read from files that
their repositories have deleted since, at the commits named.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Dataset:
    """One file of data.

    `filename` is relative to the data folder, `size` is in bytes and `sha256` is of that file
    (of the `member`, if the url serves a zip archive that holds it).
    """

    name: str
    filename: str
    size: int
    sha256: str
    licence: str
    attribution: str
    origin: tuple[str, ...] = ()
    url: str | None = None
    member: str | None = None


def _read(path: Path) -> dict[str, list[Dataset]]:
    """Kind of set -> the sets, each kind in the order of the file."""
    kinds = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        kind: [Dataset(**{**facts, "origin": tuple(facts.get("origin", ()))}) for facts in sets]
        for kind, sets in kinds.items()
    }


_SETS = _read(Path(__file__).with_name("catalogue.toml"))
CORPUS = tuple(_SETS["corpus"])
DATASETS = {dataset.name: dataset for dataset in (*CORPUS, *_SETS["other"])}
# Public tests, by which a model is measured and never trained.
BENCHMARKS = {dataset.name: dataset for dataset in _SETS["benchmark"]}
SMS_SPAM = DATASETS["sms-spam"]
INSTRUCTION_DATA = DATASETS["instruction-data"]
SFT = DATASETS["sft"]
