"""The weights of a published Space into this clone, when it came without them.

    python -m train.download_weights --space USER/NAME

A clone made without Git LFS has small pointer files in their place. What is there and whole stays;
each file that arrives is checked against its sha256 in weights/manifest.json.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from pathlib import Path
from typing import Any

from gpt2_scratch.checkpoints import hub
from gpt2_scratch.checkpoints.format import file_sha256
from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.vocabulary.tokenizer import RANK_FILES, weights_dir
from train.data.download import put_in_place


def download_weights(space: str, weights: Path, revision: str = "main") -> list[Path]:
    """Fetch what the folder's manifest names and the folder does not hold; return those paths.

    Without a manifest the Space's is taken first, and so are vocabularies. Raises CheckpointError,
    in one sentence.
    """
    if not (weights / "manifest.json").exists():
        manifest = hub.fetch(space, "weights/manifest.json", revision, kind="space")
        put_in_place(manifest, weights / "manifest.json")
    for name in RANK_FILES.values():
        if not (weights / name).exists():
            with contextlib.suppress(hub.MissingFile):  # not every Space needs every vocabulary
                found = hub.fetch(space, f"weights/{name}", revision, kind="space")
                put_in_place(found, weights / name)
    fetched = []
    for entry in read_manifest(weights).values():
        path = weights / entry["file"]
        if path.is_file() and file_sha256(path) == entry["sha256"]:
            continue
        put_in_place(_fetch(space, revision, entry), path)
        fetched.append(path)
    return fetched


def _fetch(space: str, revision: str, entry: dict[str, Any]) -> Path:
    """From the Space, or from the model repository that its manifest points to."""
    if "hub" in entry:
        repository, _, commit = entry["hub"].partition("@")
        return hub.fetch(repository, entry["file"], commit, sha256=entry["sha256"])
    name = f"weights/{entry['file']}"
    try:
        return hub.fetch(space, name, revision, sha256=entry["sha256"], kind="space")
    except hub.MissingFile:
        published = hub.fetch(space, "weights/manifest.json", revision, kind="space")
        for other in json.loads(published.read_text(encoding="utf-8")).values():
            if "hub" in other and other["file"] == entry["file"]:
                return _fetch(space, revision, entry | {"hub": other["hub"]})
        raise


def main(argv: list[str] | None = None) -> int:
    """Fetch the weight files that this clone lacks from a Space on the Hugging Face Hub."""
    parser = argparse.ArgumentParser(
        prog="python -m train.download_weights", description=main.__doc__
    )
    parser.add_argument("--space", required=True, metavar="USER/NAME")
    parser.add_argument("--revision", default="main", help="branch, tag or commit of the Space")
    arguments = parser.parse_args(argv)
    try:
        fetched = download_weights(arguments.space, weights_dir(), arguments.revision)
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    for path in fetched:
        print(f"{path.stat().st_size:>14,} {path}")
    print(f"{len(fetched)} files fetched; all weights of the manifest are there and whole.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
