"""manifest.json of a data folder: which files were prepared there, and what they hash to.

The catalogue's hashes are of the files that the committed weights were trained on. A file that was
rebuilt (`python -m train.build_data`), or that a repository of the Hub offers, may differ from
those, so the folder it lies in says what it must be.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

from train.data.catalogue import Dataset
from train.data.download import DatasetError, file_sha256, put_in_place

MANIFEST = "manifest.json"


class Entry(TypedDict):
    """One prepared file: `file` is relative to the folder, `documents` counts texts or tasks."""

    file: str
    bytes: int
    sha256: str
    documents: int
    licence: str
    attribution: str
    origin: list[str]


def describe_file(folder: Path, dataset: Dataset, documents: int) -> Entry:
    """The entry of a file that lies in `folder`; it is read once for its hash."""
    path = folder / dataset.filename
    return {
        "file": dataset.filename,
        "bytes": path.stat().st_size,
        "sha256": file_sha256(path),
        "documents": documents,
        "licence": dataset.licence,
        "attribution": dataset.attribution,
        "origin": list(dataset.origin),
    }


def read_data_manifest(folder: Path) -> dict[str, Entry]:
    """The entries by name of data set; empty where nothing was prepared."""
    return parse_data_manifest(folder / MANIFEST) if (folder / MANIFEST).is_file() else {}


def parse_data_manifest(path: Path) -> dict[str, Entry]:
    """The entries of a manifest file. DatasetError if it is none."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if all({"file", "bytes", "sha256"} <= entry.keys() for entry in manifest.values()):
            return manifest
    except (ValueError, AttributeError):
        pass
    raise DatasetError(f"{path} is no manifest of prepared data: delete it and build them again.")


def add_to_manifest(folder: Path, name: str, entry: Entry) -> None:
    """Enter one file; the manifest is replaced in one step."""
    manifest = read_data_manifest(folder) | {name: entry}
    text = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    put_in_place(text.encode(), folder / MANIFEST)
