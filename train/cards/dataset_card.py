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

CARD = """---
pretty_name: Small GPT-2 from scratch, training data
language:
- en
license: other
license_name: by-file
license_link: https://huggingface.co/datasets/{repository}#licences
task_categories:
- text-generation
size_categories:
- {size}
configs:
- config_name: sft
  data_files: {sft_file}
---

# Training data of a small GPT-2 from scratch

{documents:,} documents of clean English in {files} files for pretraining, and {tasks:,} short tasks
for instruction tuning. Everything was made from public repositories at pinned commits by
`python -m train.build_data`, which can make it again; it was cleaned, shortened and selected on
the way, so no file is its source word for word.

```bash
export {variable}={repository}
python -m train.pretrain --preset nano       # takes what it needs from here, and checks its hash
```

`corpus/*.txt.xz`: UTF-8, documents between lines that are exactly `{separator}`, paragraphs between
blank lines. `{sft_file}`: JSON lines with instruction, input, output and source; the last
1,500 are for validation. `{manifest}` has size, sha256, licence and origin of each file.

## Licences

Each file keeps the licence of its source.{share_alike} `corpus/credits/` names authors, titles and
articles one by one, `{sft_credits}` the source and licence of each kind of task.

| file | licence | attribution |
|---|---|---|
{licences}

## Origin

| file | documents | MB | repositories at their commits |
|---|---|---|---|
{origins}

## Limits

Old fiction is more than half of the corpus, and its prejudice is of its time; encyclopaedia and
textbooks are some years old. Some tasks come from sets that are benchmarks elsewhere (GSM8K, SVAMP,
CLINC150, BANKING77): a model that has trained on them must not be measured by them.
"""


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
    return CARD.format(
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
