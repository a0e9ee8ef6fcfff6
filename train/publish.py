"""Put this repository on the Hugging Face Hub as a Space, or the prepared data as a dataset.

    python -m train.publish --space USER/NAME --dry-run     # checks and plan, nothing is sent
    python -m train.publish --space USER/NAME               # needs `hf auth login` once
    python -m train.publish --dataset USER/NAME             # see dataset_card.py

What is uploaded is what git tracks, as it lies here; weight files become LFS objects there. Run
again, it uploads what has changed and deletes what is gone. With --weights-repo the weight files
and their model card go into a model repository, and the Space loads them from there: its build
fetches them once (`preload_from_hub`), and its weights/manifest.json says which commit they are of.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpt2_scratch.checkpoints.format import file_sha256
from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.vocabulary.tokenizer import RANK_FILES
from train.cards.dataset_card import prepared_files
from train.model_card import model_card

REPOSITORY = Path(__file__).resolve().parent.parent
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
POINTER_START = b"version https://git-lfs"
# In the place of .gitattributes: here weights are plain files, as there is no LFS server.
HUB_RULES = Path(__file__).with_name("hub.gitattributes")
PLAIN_BYTES = 10 * 2**20  # the Hub refuses a larger file outside LFS
SPACE_BYTES = 50 * 2**30  # disk of a free Space, which must hold its repository


@dataclass
class Plan:
    """What will be sent where.

    files    path in the Space -> path here, or the content itself where it is made up for the Hub
    weights  the same for the model repository; empty if the weights go into the Space
    """

    space: str
    files: dict[str, Path | bytes]
    weights_repository: str | None = None
    weights: dict[str, Path | bytes] = field(default_factory=dict)


# --- what to send -------------------------------------------------------------------------------


def tracked_files(root: Path) -> dict[str, Path]:
    """Path in the repository -> path, of every file that git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True)
    if listed.returncode:
        raise ValueError(f"{root} is no git checkout: publish from a clone, so that it is clear")
    return {name: root / name for name in sorted(listed.stdout.split("\0")) if name}


def make_plan(root: Path, space: str, weights_repository: str | None) -> Plan:
    """Everything into the Space, or weight files apart."""
    plan = Plan(space, {**tracked_files(root), ".gitattributes": HUB_RULES}, weights_repository)
    if weights_repository is None:
        return plan
    weights = root / "weights"
    for entry in read_manifest(weights).values():
        plan.weights[entry["file"]] = weights / entry["file"]
        plan.files.pop(f"weights/{entry['file']}", None)
    for name in ("manifest.json", *RANK_FILES.values()):
        if (weights / name).exists():
            plan.weights[name] = weights / name
    plan.weights["README.md"] = model_card(weights).encode()
    plan.weights[".gitattributes"] = HUB_RULES
    return plan


def point_to_weights(plan: Plan, root: Path, commit: str) -> None:
    """Let the Space find its weights at a commit of the model repository."""
    assert plan.weights_repository is not None
    manifest = read_manifest(root / "weights")
    for entry in manifest.values():
        entry["hub"] = f"{plan.weights_repository}@{commit}"
    text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
    plan.files["weights/manifest.json"] = text.encode()
    names = ",".join(entry["file"] for entry in manifest.values())
    preload = f"preload_from_hub:\n  - {plan.weights_repository} {names} {commit}\n"
    start, block, rest = (root / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    plan.files["README.md"] = "---\n".join([start, block + preload, rest]).encode()


# --- checks -------------------------------------------------------------------------------------


def problems(root: Path, files: Mapping[str, Path | bytes]) -> list[str]:
    """What the Hub would refuse, or what would not run there; a sentence each."""
    return [
        *_front_matter_problems(root, files),
        *_file_problems(root, files),
        *_weight_problems(root / "weights"),
        *([] if fnmatch.filter(files, "tests/*test_*.py") else ["There are no tests in tests/."]),
    ]


def _front_matter_problems(root: Path, files: Mapping[str, Path | bytes]) -> list[str]:
    import yaml  # comes with huggingface_hub

    text = (root / "README.md").read_text(encoding="utf-8")
    try:
        fields = yaml.safe_load(text.split("---\n")[1]) if text.startswith("---\n") else None
    except (yaml.YAMLError, IndexError):
        fields = None
    if not isinstance(fields, dict):
        return ["README.md does not begin with the front matter of a Space."]
    found = []
    if fields.get("sdk") != "gradio":
        found.append("README.md: sdk must be gradio.")
    if fields.get("app_file") not in files:
        found.append(f"README.md: the app_file {fields.get('app_file')} is not in the repository.")
    if len(str(fields.get("short_description", ""))) > 60:
        found.append("README.md: short_description has more than the 60 characters allowed.")
    if not isinstance(fields.get("python_version"), str):
        found.append("README.md: python_version must be quoted, since 3.10 would become 3.1.")
    for name in ("colorFrom", "colorTo"):
        if fields.get(name) not in COLOURS:
            found.append(f"README.md: {name} must be one of {', '.join(COLOURS)}.")
    pinned = f"gradio=={fields.get('sdk_version')}"
    if pinned not in (root / "requirements.txt").read_text(encoding="utf-8").split():
        found.append(f"requirements.txt must have {pinned}, which sdk_version makes the Space use.")
    return found


def _file_problems(root: Path, files: Mapping[str, Path | bytes]) -> list[str]:
    lines = HUB_RULES.read_text(encoding="utf-8").splitlines()
    rules = [line.split()[0] for line in lines if "filter=lfs" in line.split()[1:]]
    found, total = [], 0
    for name, source in files.items():
        if isinstance(source, Path) and not source.is_file():
            found.append(f"{name} is tracked by git and missing here.")
            continue
        content = source if isinstance(source, bytes) else source.read_bytes()
        total += len(content)
        if content.startswith(POINTER_START):
            found.append(f"{name} is a Git LFS pointer; fetch the file itself first.")
        if any(_matches(name, rule) for rule in rules):
            continue
        if not _is_text(content):
            found.append(f"{name} is binary, and no rule of {HUB_RULES.name} puts it into LFS.")
        elif len(content) > PLAIN_BYTES:
            found.append(f"{name} is larger than 10 MiB: no rule of {HUB_RULES.name} covers it.")
    if total > SPACE_BYTES:
        found.append(f"{total:,} bytes are more than the 50 GiB of a Space's disk.")
    return found


def _matches(name: str, pattern: str) -> bool:
    """A pattern without a slash is of the file's name alone, as in .gitignore."""
    subject = name if "/" in pattern else name.rsplit("/", 1)[-1]
    return fnmatch.fnmatchcase(subject, pattern)


def _is_text(content: bytes) -> bool:
    try:
        return b"\0" not in content and bool(content.decode("utf-8") or True)
    except UnicodeDecodeError:
        return False


def _weight_problems(weights: Path) -> list[str]:
    manifest = read_manifest(weights)
    if not manifest:
        return ["weights/manifest.json is missing: train or download the weights first."]
    found = []
    for entry in manifest.values():
        path = weights / entry["file"]
        if not path.is_file():
            found.append(f"weights/{path.name} is in the manifest and missing.")
        elif file_sha256(path) != entry["sha256"]:
            found.append(f"weights/{path.name} is not the file of the manifest (sha256).")
    if (weights / "README.md").read_text(encoding="utf-8") != model_card(weights):
        found.append("weights/README.md is out of date: run `python -m train.model_card`.")
    return found


# --- sending ------------------------------------------------------------------------------------


def describe(plan: Plan, private: bool, hardware: str | None) -> str:
    """The plan for people."""
    lines = [summary(f"Space {plan.space}", plan.files, private)]
    if plan.weights_repository is not None:
        title = f"model repository {plan.weights_repository}"
        lines.append(summary(title, plan.weights, private))
    return "\n".join([*lines, f"hardware: {hardware or 'as the Hub gives it'}"])


def summary(title: str, files: Mapping[str, Path | bytes], private: bool) -> str:
    """One repository: how many files, how large, and which are the largest."""
    sizes = {
        name: len(source) if isinstance(source, bytes) else source.stat().st_size
        for name, source in files.items()
    }
    seen = "private" if private else "public"
    largest = sorted(sizes, key=lambda name: -sizes[name])[:5]
    return "\n".join(
        [
            f"{title} ({seen}): {len(files)} files, {sum(sizes.values()):,} B",
            *(f"{sizes[name]:>14,} {name}" for name in largest),
        ]
    )


def publish(plan: Plan, root: Path, private: bool, hardware: str | None) -> str:
    """Create what is missing, upload, and return the Space's address. ValueError in a sentence."""
    from huggingface_hub import constants

    if plan.weights_repository is not None:
        commit = _upload(plan.weights_repository, "model", plan.weights, private)
        point_to_weights(plan, root, commit)
    kind = {"space_sdk": "gradio", "space_hardware": hardware}
    _upload(plan.space, "space", plan.files, private, **kind)
    return f"{constants.ENDPOINT}/spaces/{plan.space}"


def publish_dataset(repository: str, files: Mapping[str, Path | bytes], private: bool) -> str:
    """Create the dataset repository, upload, and return its address. ValueError in a sentence."""
    from huggingface_hub import constants

    _upload(repository, "dataset", files, private)
    return f"{constants.ENDPOINT}/datasets/{repository}"


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Whatever goes wrong between here and the Hub, as a ValueError that says what to do."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except HfHubHTTPError as error:
        status = getattr(error.response, "status_code", None)
        remedy = {
            401: "run `hf auth login` with a token that may write",
            402: "Spaces on CPU need a paid plan: choose --hardware zero-a10g, or PRO",
            403: "the token may not write there: check the name and the token's permissions",
        }.get(status or 0, "try again later")
        reason = str(error).split("\n", 1)[0].rstrip(". ")
        raise ValueError(f"The Hub refused (HTTP status {status}, {reason}); {remedy}.") from error
    except Exception as error:  # the network, the proxy, the transfer: all sorts
        reason = str(error).split("\n", 1)[0].rstrip(". ")
        raise ValueError(
            f"The Hub cannot be reached or the upload broke off ({reason})."
        ) from error


def _upload(
    repository: str, kind: str, files: Mapping[str, Path | bytes], private: bool, **options: Any
) -> str:
    """Make a repository, new or not, hold exactly these files, in one commit; return its id."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants

    api = HfApi(endpoint=constants.ENDPOINT)
    with _one_sentence():
        api.create_repo(repository, repo_type=kind, private=private, exist_ok=True, **options)
        gone = set(api.list_repo_files(repository, repo_type=kind)) - set(files)
        operations: list[Any] = [
            *(CommitOperationAdd(name, source) for name, source in files.items()),
            *(CommitOperationDelete(name) for name in sorted(gone)),
        ]
        message = "Publish with python -m train.publish"
        commit = api.create_commit(repository, operations, commit_message=message, repo_type=kind)
    return commit.oid


def main(argv: list[str] | None = None) -> int:
    """Publish this repository as a Space on the Hugging Face Hub, or the prepared data as a
    dataset, after checking it."""
    parser = argparse.ArgumentParser(prog="python -m train.publish", description=main.__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--space", metavar="USER/NAME")
    what.add_argument("--dataset", metavar="USER/NAME", help="corpus and instruction set")
    parser.add_argument(
        "--weights-repo", metavar="USER/NAME", help="a model repository for weights"
    )
    parser.add_argument("--private", action="store_true", help="only you see it")
    parser.add_argument("--hardware", help="for example cpu-basic or zero-a10g")
    parser.add_argument("--dry-run", action="store_true", help="check and show the plan only")
    arguments = parser.parse_args(argv)
    if arguments.dataset and (arguments.weights_repo or arguments.hardware):
        parser.error("--weights-repo and --hardware belong to a Space")
    for name in (arguments.space, arguments.dataset, arguments.weights_repo):
        if name is not None and not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
            parser.error(f"{name!r} is no USER/NAME")
    try:
        if arguments.dataset:
            files = prepared_files(arguments.dataset)
            print(summary(f"dataset {arguments.dataset}", files, arguments.private))
        else:
            plan = make_plan(REPOSITORY, arguments.space, arguments.weights_repo)
            if found := problems(REPOSITORY, plan.files):
                listed = "".join(f"- {problem}\n" for problem in found)
                parser.exit(1, f"Not published:\n{listed}")
            print(describe(plan, arguments.private, arguments.hardware))
        if arguments.dry_run:
            print("Nothing was sent (--dry-run).")
        elif arguments.dataset:
            print(publish_dataset(arguments.dataset, files, arguments.private))
        else:
            print(publish(plan, REPOSITORY, arguments.private, arguments.hardware))
    except ValueError as error:
        parser.exit(1, f"{error}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
