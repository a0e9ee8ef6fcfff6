"""The prepared data as a dataset repository of the Hub: its files, its manifest and its card.

`python -m train.publish --dataset USER/NAME` sends them; what licences ask for goes with the files:
who made what, under which licence, from which commit, and how it was changed.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path

from train.build_data import sft
from train.data.catalogue import CORPUS, SFT, Dataset
from train.data.data_manifest import MANIFEST, Entry, describe_file, read_data_manifest
from train.datasets import DOCUMENT_SEPARATOR, REPOSITORY_VARIABLE, available, fetch
from train.model_card import is_share_alike

PREPARED = (*CORPUS, SFT)

TEMPLATE = Path(__file__).with_name("dataset_card.md")


def prepared_files(repository: str) -> dict[str, Path | bytes]:
    """Path in the repository -> path here, or the content itself.

    Raises ValueError, in one sentence, if a file is missing or is not what it must be.
    """
    if missing := [dataset.name for dataset in PREPARED if available(dataset) is None]:
        raise ValueError(
            f"Of the prepared data {', '.join(missing)} are missing: make them first with "
            "`python -m train.build_data corpus sft`."
        )
    files: dict[str, Path | bytes] = {}
    manifest: dict[str, Entry] = {}
    for dataset in PREPARED:
        path = fetch(dataset)
        files[dataset.filename] = path
        folder = path.parent.parent
        entry = read_data_manifest(folder).get(dataset.name)
        manifest[dataset.name] = entry or describe_file(folder, dataset, count_documents(path))
        for credits in sorted((path.parent / "credits").glob(f"{dataset.name}*")):
            files[f"{path.parent.name}/credits/{credits.name}"] = credits
    files[sft.CREDITS_FILE] = sft.credits().encode()
    files[MANIFEST] = (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()
    files["README.md"] = dataset_card(repository, manifest).encode()
    files[".gitattributes"] = b"*.xz filter=lfs diff=lfs merge=lfs -text\n"
    return files


def count_documents(path: Path) -> int:
    """How many documents, or tasks, a prepared file has."""
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as file:
        if path.name.endswith(".jsonl.xz"):
            return sum(1 for _ in file)
        return 1 + sum(line == DOCUMENT_SEPARATOR + "\n" for line in file)


def dataset_card(repository: str, manifest: dict[str, Entry]) -> str:
    """README.md of the repository; its first lines are what the Hub reads."""
    corpus = [manifest[dataset.name] for dataset in CORPUS]
    documents, tasks = sum(e["documents"] for e in corpus), manifest[SFT.name]["documents"]
    shared = [dataset.filename for dataset in PREPARED if is_share_alike(dataset)]
    share_alike = ""
    if shared:
        names = ", ".join(f"`{name}`" for name in shared)
        share_alike = f" What is made from {names} must be shared alike."
    return TEMPLATE.read_text(encoding="utf-8").format(
        repository=repository,
        size=_size_category(documents + tasks),
        sft_file=SFT.filename,
        documents=documents,
        files=len(corpus),
        tasks=tasks,
        variable=REPOSITORY_VARIABLE,
        separator=DOCUMENT_SEPARATOR,
        manifest=MANIFEST,
        sft_credits=sft.CREDITS_FILE,
        share_alike=share_alike,
        licences="\n".join(f"| `{d.filename}` | {d.licence} | {d.attribution} |" for d in PREPARED),
        origins="\n".join(_origin_row(dataset, manifest[dataset.name]) for dataset in PREPARED),
    )


def _size_category(rows: int) -> str:
    """As the Hub names it."""
    steps = (("n<1K", 10**3), ("1K<n<10K", 10**4), ("10K<n<100K", 10**5), ("100K<n<1M", 10**6))
    return next((name for name, bound in steps if rows < bound), "1M<n<10M")


def _origin_row(dataset: Dataset, entry: Entry) -> str:
    links = []
    for origin in dataset.origin:
        repository, _, commit = origin.partition("@")
        links.append(f"[{repository}](https://github.com/{repository}/tree/{commit})")
    size = f"{entry['bytes'] / 1e6:.1f}"
    return f"| `{dataset.filename}` | {entry['documents']:,} | {size} | {', '.join(links)} |"
