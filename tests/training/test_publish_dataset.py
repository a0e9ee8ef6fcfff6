"""The prepared data: published by the real client to a hub on this machine, and taken from it."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from loopback_hub import COMMIT, Hub, serve, use

from train import datasets, publish
from train.build_data.corpus import write_documents
from train.cards.dataset_card import PREPARED, prepared_files
from train.data.catalogue import CORPUS, DATASETS, SFT
from train.data.data_manifest import MANIFEST, add_to_manifest, describe_file
from train.datasets import DatasetError, fetch

REPOSITORY = "datasets/me/data"
CREDITS = "corpus/credits/african_storybook.tsv"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve() as hub:
        use(hub, tmp_path / "hf", monkeypatch)
        yield hub


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder as `train.build_data` leaves it, with two documents or tasks in each file."""
    folder = tmp_path / "cache" / "data"
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    monkeypatch.setenv(datasets.CACHE_VARIABLE, str(tmp_path / "cache"))
    for dataset in CORPUS:
        write_documents(folder / dataset.filename, [f"One of {dataset.name}.", "Two."])
    tasks = [{"instruction": f"Say {n}.", "input": "", "output": f"{n}"} for n in range(2)]
    (folder / SFT.filename).parent.mkdir()
    (folder / SFT.filename).write_bytes(
        lzma.compress("".join(json.dumps(task) + "\n" for task in tasks).encode())
    )
    for dataset in PREPARED:
        add_to_manifest(folder, dataset.name, describe_file(folder, dataset, 2))
    (folder / CREDITS).parent.mkdir()
    (folder / CREDITS).write_text("file\ttitle\n")
    return folder


def elsewhere(tmp_path: Path, patch: pytest.MonkeyPatch, repository: str = "me/data") -> Path:
    """The data folder of another machine that is told to take data from a repository."""
    patch.setenv(datasets.CACHE_VARIABLE, str(tmp_path / "elsewhere"))
    patch.setenv(datasets.REPOSITORY_VARIABLE, repository)
    return tmp_path / "elsewhere" / "data"


def test_what_is_published_can_be_taken(
    built: Path,
    hub: Hub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert publish.main(["--dataset", "me/data", "--private"]) == 0
    assert capsys.readouterr().out.endswith(f"{hub.endpoint}/datasets/me/data\n")
    [request] = hub.created
    assert request["type"] == "dataset"
    there = hub.files[REPOSITORY]
    expected = {*(d.filename for d in PREPARED), CREDITS, "instruct/credits/sft.tsv"}
    assert there.keys() == expected | {MANIFEST, "README.md", ".gitattributes"}
    assert len(hub.uploads) == len(PREPARED)  # the compressed files went the LFS way

    folder = elsewhere(tmp_path, monkeypatch)
    assert list(datasets.documents("fairytales")) == ["One of fairytales.", "Two."]
    assert fetch("fairytales") == folder / "corpus/fairytales.txt.xz"
    assert datasets.sha256_in_use("sft") == json.loads(there[MANIFEST])["sft"]["sha256"]
    assert fetch("sft").read_bytes() == (built / SFT.filename).read_bytes()
    # What was taken stays, without the network and without the variable.
    use(None, tmp_path / "empty", monkeypatch)
    monkeypatch.delenv(datasets.REPOSITORY_VARIABLE)
    assert list(datasets.documents("fairytales")) == ["One of fairytales.", "Two."]


def test_the_card(built: Path, hub: Hub) -> None:
    assert publish.main(["--dataset", "me/data"]) == 0
    _, front, card = hub.files[REPOSITORY]["README.md"].decode().split("---\n", 2)
    fields = yaml.safe_load(front)
    assert fields["license"] == "other" and fields["language"] == ["en"]
    assert fields["configs"][0]["data_files"] in hub.files[REPOSITORY]
    assert "56 documents" in card and "2 short tasks" in card
    for dataset in PREPARED:
        assert dataset.attribution in card and dataset.licence in card
        assert all(origin.split("@")[1] in card for origin in dataset.origin)
    shared = card.split("must be shared alike")[0].split("made from")[-1]
    alike = {"wikipedia", "sgd", "topicalchat", "sft", "simple_wikipedia", "onestop_news"}
    alike |= {"tinystories", "tinystories_truecased"}
    for dataset in PREPARED:
        named = f"`{dataset.filename}`" in shared
        assert named == (dataset.name in alike)


def test_a_dry_run_and_what_is_missing(
    built: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish.main(["--dataset", "me/data", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "dataset me/data (public): 34 files" in shown and "Nothing was sent" in shown
    (built / DATASETS["docs"].filename).unlink()
    with pytest.raises(SystemExit):
        publish.main(["--dataset", "me/data"])
    assert "docs are missing: make them first with" in capsys.readouterr().err
    assert hub.requests == []
    for wrong in (["--dataset", "data"], ["--dataset", "a/b", "--hardware", "x"], []):
        with pytest.raises(SystemExit) as caught:
            publish.main(wrong)
        assert caught.value.code == 2


def test_files_of_a_mirror_are_published_with_their_counts(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mirror has no manifest of ours: its files are those of the catalogue."""
    entries = json.loads((built / MANIFEST).read_text())
    for name, entry in entries.items():
        changed = DATASETS[name].__class__(**{**vars(DATASETS[name]), "sha256": entry["sha256"]})
        monkeypatch.setitem(DATASETS, name, changed)
    (built / MANIFEST).unlink()
    monkeypatch.setattr(
        "train.cards.dataset_card.PREPARED", tuple(DATASETS[d.name] for d in PREPARED)
    )
    files = prepared_files("me/data")
    made = files[MANIFEST]
    assert isinstance(made, bytes) and json.loads(made) == entries


def test_a_damaged_file_is_refused(
    built: Path, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert publish.main(["--dataset", "me/data"]) == 0
    there = hub.files[REPOSITORY]
    there["corpus/docs.txt.xz"] = there["corpus/docs.txt.xz"][:-1] + b"?"
    folder = elsewhere(tmp_path, monkeypatch, f"me/data@{COMMIT}")
    with pytest.raises(DatasetError, match="instead of"):
        fetch("docs")
    assert not (folder / "corpus/docs.txt.xz").exists()


@pytest.mark.parametrize(
    ("repository", "message"),
    [("me/nothing", "no dataset repository me/nothing"), ("data", "must be USER/NAME")],
)
def test_a_repository_that_is_none(
    hub: Hub, repository: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(datasets.DATA_VARIABLE, raising=False)
    elsewhere(tmp_path, monkeypatch, repository)
    with pytest.raises(DatasetError, match=message):
        fetch("docs")


def test_what_the_repository_lacks_comes_from_elsewhere(
    built: Path, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert publish.main(["--dataset", "me/data"]) == 0
    del hub.files[REPOSITORY][MANIFEST]
    hub.files[REPOSITORY][MANIFEST] = b"{}"
    elsewhere(tmp_path, monkeypatch)
    with pytest.raises(DatasetError, match="not served by any public address"):
        fetch("docs")
    hub.files[REPOSITORY][MANIFEST] = b"<html>"
    use(hub, tmp_path / "another", monkeypatch)
    with pytest.raises(DatasetError, match="no manifest of prepared data"):
        fetch("docs")
