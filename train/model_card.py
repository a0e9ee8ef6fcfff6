"""The model card, weights/README.md, and the figures in the README at the top.

    python -m train.model_card          # after the weights or their figures have changed

Everything that can change is taken from weights/manifest.json and train/data/catalogue.toml. On the
Hub the first lines, between two rows of dashes, are the card's metadata.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gpt2_scratch.checkpoints.errors import COMMANDS, CheckpointError
from gpt2_scratch.checkpoints.format import read_checkpoint
from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.vocabulary.tokenizer import GPT2_RANKS_SHA256, weights_dir
from train.cards.readme_figures import with_figures
from train.data.catalogue import DATASETS, INSTRUCTION_DATA, SFT, SMS_SPAM, Dataset
from train.packing import MIXTURE

REPOSITORY = Path(__file__).resolve().parents[1]

WHAT = {
    "base": "the language model",
    "spam": "base, fine-tuned into a spam classifier for SMS",
    "chat": "base, fine-tuned to follow instructions",
}

TEMPLATE = Path(__file__).parent / "cards" / "model_card.md"


def model_card(weights: Path) -> str:
    """The text of the card for a weights folder. CheckpointError if its manifest is damaged."""
    manifest = read_manifest(weights)
    corpus = [DATASETS[name] for name in _read_by_base(weights) if name in DATASETS]
    read = [*corpus, SFT, INSTRUCTION_DATA, SMS_SPAM]
    card = TEMPLATE.read_text(encoding="utf-8").format(
        models="\n".join(_model_rows(manifest)),
        gpt2_ranks=GPT2_RANKS_SHA256,
        figures="\n\n".join(_figures(name, entry) for name, entry in manifest.items()),
        chain="\n".join(_chain(manifest, weights)),
        data="\n".join(
            [
                "| data | licence | attribution |",
                "|---|---|---|",
                *(f"| {d.name} | {d.licence} | {d.attribution} |" for d in read),
            ]
        ),
        share_alike=", ".join(f"{d.name} ({d.licence})" for d in read if is_share_alike(d)),
    )
    return _metadata(manifest) + card


def _read_by_base(weights: Path) -> list[str]:
    """The sources that `base` has read, as its header says; today's mixture if it says nothing."""
    header = _header(weights / "base.safetensors")
    return list(json.loads(header["data"])) if "data" in header else list(MIXTURE)


def _header(path: Path) -> Mapping[str, str]:
    """What a weight file says of itself; nothing if it is not here."""
    try:
        return read_checkpoint(path).metadata
    except CheckpointError:
        return {}


def is_share_alike(dataset: Dataset) -> bool:
    licence = dataset.licence.upper()
    return "-SA" in licence or "BY-SA" in licence or "BY SA" in licence or "SHARING" in licence


def _model_rows(manifest: Mapping[str, Any]) -> Iterator[str]:
    for name, entry in manifest.items():
        what = WHAT.get(name, entry["kind"])
        numbers = f"{entry['parameters']:,} parameters, {entry['bytes']:,} bytes"
        command = COMMANDS.get(name, "see its header").split(" --")[0]
        yield (
            f"| `{entry['file']}` | {what}: {numbers}, sha256 `{entry['sha256']}` | `{command}` |"
        )


def _chain(manifest: Mapping[str, Any], weights: Path) -> Iterator[str]:
    """The commands in each file's header, as one list."""
    for name, entry in manifest.items():
        header = _header(weights / entry["file"])
        for command in json.loads(header.get("commands", "[]")):
            yield f"- `{name}`: `{command}`"


def _figures(name: str, entry: Mapping[str, Any]) -> str:
    """A model's figures as a table, one part of its test data per row."""
    parts = {part: _numbers(figures) for part, figures in entry["metrics"].items()}
    columns = list(dict.fromkeys(column for numbers in parts.values() for column in numbers))
    rows = [
        f"| {name} | " + " | ".join(column.replace("_", " ") for column in columns) + " |",
        "|---" * (len(columns) + 1) + "|",
        *(
            f"| {part} | "
            + " | ".join(f"{numbers[c]:,}" if c in numbers else "" for c in columns)
            + " |"
            for part, numbers in parts.items()
        ),
    ]
    return "\n".join(rows) if parts else f"`{name}` has not been measured yet."


def _numbers(figures: Mapping[str, Any]) -> dict[str, float]:
    """What fits into a cell; tables within (the reliability diagram's) stay in the manifest."""
    return {key: value for key, value in figures.items() if isinstance(value, (int, float))}


def _metadata(manifest: Mapping[str, Any]) -> str:
    """The Hub's front matter. JSON strings are YAML strings, so text is quoted by `json.dumps`."""
    lines = [
        "---",
        "language: en",
        "license: other",
        "license_name: mit-code-mixed-data",
        "license_link: README.md",
        "pipeline_tag: text-generation",
        "tags: [gpt2, from-scratch, text-generation, text-classification, education]",
        "datasets: [ucirvine/sms_spam]",
        "model-index:",
    ]
    for name, entry in manifest.items():
        tests = {
            part: numbers
            for part, figures in entry["metrics"].items()
            if (numbers := _numbers(figures))
        }
        if "mixture" in tests:  # stands for its sources
            tests = {"mixture": tests["mixture"]}
        task = "text-classification" if entry["kind"] == "classifier" else "text-generation"
        if tests:
            lines += [f"  - name: {json.dumps(name)}", "    results:"]
        for part, numbers in tests.items():
            lines += [
                f"      - task: {{type: {task}}}",
                f"        dataset: {{type: {json.dumps(part)}, name: {json.dumps(part)}}}",
                "        metrics:",
                *(
                    f"          - {{type: {json.dumps(figure)}, value: {json.dumps(value)}}}"
                    for figure, value in numbers.items()
                ),
            ]
    return "\n".join([*lines, "---", ""])


def main(argv: list[str] | None = None) -> int:
    """Write the model card, and the figures into the README."""
    parser = argparse.ArgumentParser(prog="python -m train.model_card", description=main.__doc__)
    parser.parse_args(argv)
    path, readme = weights_dir() / "README.md", REPOSITORY / "README.md"
    try:
        path.write_text(model_card(weights_dir()), encoding="utf-8")
        document = readme.read_text(encoding="utf-8")
        readme.write_text(with_figures(document, weights_dir()), encoding="utf-8")
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    print(f"Wrote {path} and the figures in {readme}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
