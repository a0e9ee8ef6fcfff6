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
from typing import Any

CATALOGUE = Path(__file__).with_name("catalogue.toml")


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


def _read(path: Path) -> tuple[tuple[Dataset, ...], tuple[Dataset, ...]]:
    """The corpus, in the order of the file, and the other sets."""
    with path.open("rb") as file:
        tables: dict[str, list[dict[str, Any]]] = tomllib.load(file)
    corpus, other = (
        tuple(Dataset(**{**facts, "origin": tuple(facts.get("origin", ()))}) for facts in found)
        for found in (tables["corpus"], tables["other"])
    )
    return corpus, other


CORPUS, _OTHER = _read(CATALOGUE)
DATASETS: dict[str, Dataset] = {dataset.name: dataset for dataset in (*CORPUS, *_OTHER)}
SMS_SPAM = DATASETS["sms-spam"]
INSTRUCTION_DATA = DATASETS["instruction-data"]
SFT = DATASETS["sft"]
