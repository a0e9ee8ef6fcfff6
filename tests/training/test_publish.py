"""Publishing: the checks, the plan, and an upload by the real client to a hub on this machine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml
from conftest import REPOSITORY, assert_same_logits
from loopback_hub import COMMIT, Hub, serve, use

from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.checkpoints.models import load_model
from train import download_weights, model_card, publish

IDX = torch.tensor([[1, 5, 2, 7, 3]])
# Whether git-lfs is installed or not, the files themselves go into the index.
NO_LFS = ("-c", "filter.lfs.clean=cat", "-c", "filter.lfs.process=", "-c", "filter.lfs.required=0")


def run_git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def clone(tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small repository like this one: its real front matter and rules, tiny weights."""
    root = tmp_path / "clone"
    for name in ("README.md", "requirements.txt", ".gitattributes", "app.py"):
        root.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, root)
    shutil.copytree(tiny_weights, root / "weights")
    shutil.copy(REPOSITORY / "weights" / "gpt2.tiktoken", root / "weights")
    (root / "tests").mkdir()
    (root / "tests" / "test_nothing.py").write_text("")
    (root / "weights" / "README.md").write_text(model_card.model_card(root / "weights"))
    run_git(root, "init", "-q")
    run_git(root, *NO_LFS, "add", ".")
    monkeypatch.setattr(publish, "REPOSITORY", root)
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(root / "weights"))
    return root


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve() as hub:
        use(hub, tmp_path / "cache", monkeypatch)
        yield hub


def found(root: Path) -> list[str]:
    return publish.problems(root, publish.tracked_files(root))


# --- checks ---------------------------------------------------------------------------------------


def test_the_clone_is_fit_to_publish(clone: Path) -> None:
    assert found(clone) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("---\n", "", "does not begin with the front matter"),
        ("title:", "title: [", "does not begin with the front matter"),
        ("sdk: gradio", "sdk: docker", "sdk must be gradio"),
        ("app_file: app.py", "app_file: main.py", "the app_file main.py is not in"),
        ("short_description: ", f"short_description: {'long ' * 12}", "60 characters"),
        ('python_version: "3.12"', "python_version: 3.12", "must be quoted"),
        ("colorTo: blue", "colorTo: mauve", "colorTo must be one of"),
        ("sdk_version: 6", "sdk_version: 5", "requirements.txt must have gradio==5"),
    ],
)
def test_front_matter(clone: Path, old: str, new: str, expected: str) -> None:
    path = clone / "README.md"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    [problem] = found(clone)
    assert expected in problem


def test_files(clone: Path) -> None:
    def problem_with(name: str, content: bytes) -> str:
        path = clone / name
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(content)
        run_git(clone, "add", "-N", name)
        problems = [problem for problem in found(clone) if problem.startswith(name)]
        if before is None:
            run_git(clone, "rm", "-q", "--cached", name)
            path.unlink()
        else:
            path.write_bytes(before)
        return " ".join(problems)

    assert "is binary, and no rule" in problem_with("logo.ico", b"\x89PNG\xff")
    assert problem_with("logo.png", b"\x89PNG\xff") == ""  # the Hub's rules cover it
    assert "larger than 10 MiB" in problem_with("long.txt", b"a" * (publish.PLAIN_BYTES + 1))
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    for name in ("weights/base.safetensors", "other.safetensors"):
        assert "is a Git LFS pointer" in problem_with(name, pointer)
    damaged = bytearray((clone / "weights/chat.safetensors").read_bytes())
    damaged[-1] ^= 1
    assert "is not the file of the manifest" in problem_with("weights/chat.safetensors", damaged)
    assert found(clone) == []


def test_what_is_missing(clone: Path) -> None:
    (clone / "weights/spam.safetensors").unlink()
    run_git(clone, "rm", "-q", "--cached", "tests/test_nothing.py")
    (clone / "weights/README.md").write_text("My weights")
    assert [problem.split(" ")[0] for problem in found(clone)] == [
        "weights/spam.safetensors",  # as a file of git
        "weights/spam.safetensors",  # as a file of the manifest
        "weights/README.md",
        "There",
    ]
    (clone / "weights/manifest.json").unlink()
    assert any("manifest.json is missing" in problem for problem in found(clone))


def test_problems_stop_the_command(
    clone: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    (clone / "weights/spam.safetensors").unlink()
    with pytest.raises(SystemExit) as caught:
        publish.main(["--space", "me/gpt2"])
    assert caught.value.code == 1
    assert "- weights/spam.safetensors" in capsys.readouterr().err
    assert hub.requests == []
    with pytest.raises(SystemExit):
        publish.main(["--space", "gpt2"])
    assert "no USER/NAME" in capsys.readouterr().err


# --- sending --------------------------------------------------------------------------------------


def test_a_dry_run_sends_nothing(clone: Path, hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert publish.main(["--space", "me/gpt2", "--dry-run", "--private"]) == 0
    shown = capsys.readouterr().out
    assert "Space me/gpt2 (private)" in shown and "weights/gpt2.tiktoken" in shown
    assert hub.requests == []


def test_a_space_gets_every_tracked_file(
    clone: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    (clone / "notes.txt").write_text("not tracked")
    assert publish.main(["--space", "me/gpt2", "--private", "--hardware", "zero-a10g"]) == 0
    assert capsys.readouterr().out.endswith(f"{hub.endpoint}/spaces/me/gpt2\n")
    [request] = hub.created
    assert (request["type"], request["sdk"], request["hardware"]) == (
        "space",
        "gradio",
        "zero-a10g",
    )
    assert "private" in (request.get("visibility"), request.get("private") and "private")
    tracked = publish.tracked_files(clone)
    sent = {n: p.read_bytes() for n, p in tracked.items()}
    sent[".gitattributes"] = publish.HUB_RULES.read_bytes()  # here they are plain files
    assert hub.files["spaces/me/gpt2"] == sent
    assert len(hub.uploads) == 3  # the weights went the LFS way

    # Once more, after a change: what is gone here goes there.
    run_git(clone, "rm", "-q", "--cached", "app.py")
    (clone / "main.py").write_text("")
    run_git(clone, "add", "-N", "main.py")
    readme = clone / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8").replace("app_file: app", "app_file: main"))
    assert publish.main(["--space", "me/gpt2"]) == 0
    assert hub.files["spaces/me/gpt2"].keys() == publish.tracked_files(clone).keys()


def test_weights_in_a_repository_of_their_own(
    clone: Path, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert publish.main(["--space", "me/gpt2", "--weights-repo", "me/weights"]) == 0
    space, model = hub.files["spaces/me/gpt2"], hub.files["me/weights"]
    assert {name for name in model if name.endswith(".safetensors")} == {
        "base.safetensors",
        "chat.safetensors",
        "spam.safetensors",
    }
    assert not any(name.endswith(".safetensors") for name in space)
    card = yaml.safe_load(model["README.md"].decode().split("---\n")[1])
    assert card["pipeline_tag"] == "text-generation"
    front = yaml.safe_load(space["README.md"].decode().split("---\n")[1])
    assert front["preload_from_hub"] == [
        f"me/weights base.safetensors,chat.safetensors,spam.safetensors {COMMIT}"
    ]
    # The Space's app, with the files that the Space has, finds its weights.
    expected = load_model("base")[0](IDX)
    folder = tmp_path / "space"
    folder.mkdir()
    for name, content in space.items():
        if name.startswith("weights/"):
            (folder / name.removeprefix("weights/")).write_bytes(content)
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(folder))
    assert_same_logits(load_model("base")[0](IDX), expected)
    # And so does a clone that wants them in its own folder.
    assert download_weights.main(["--space", "me/gpt2"]) == 0
    use(None, tmp_path / "empty cache", monkeypatch)
    assert_same_logits(load_model("base")[0](IDX), expected)


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "hf auth login"), (402, "paid plan"), (403, "permissions")]
)
def test_what_the_hub_refuses(
    clone: Path, hub: Hub, status: int, remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.refuse_creation = status
    with pytest.raises(SystemExit):
        publish.main(["--space", "me/gpt2"])
    [line] = capsys.readouterr().err.strip().splitlines()
    assert f"HTTP status {status}" in line and remedy in line


def test_no_network(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(None, tmp_path / "cache", monkeypatch)
    with pytest.raises(SystemExit):
        publish.main(["--space", "me/gpt2"])
    assert "cannot be reached or the upload broke off" in capsys.readouterr().err


# --- and back -------------------------------------------------------------------------------------


def test_download_weights(
    clone: Path, hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish.main(["--space", "me/gpt2"]) == 0
    capsys.readouterr()
    weights = clone / "weights"
    whole = {path.name: path.read_bytes() for path in weights.iterdir()}
    (weights / "base.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    (weights / "chat.safetensors").unlink()
    with pytest.raises(ValueError, match=r"or fetch a Space's with `python -m train\.download_w"):
        load_model("chat")
    with pytest.raises(ValueError, match=r"`python -m train\.download_weights --space USER/NAME`"):
        load_model("base")
    assert download_weights.main(["--space", "me/gpt2"]) == 0
    assert "2 files fetched" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in weights.iterdir()} == whole
    assert download_weights.main(["--space", "me/gpt2"]) == 0
    assert "0 files fetched" in capsys.readouterr().out
    shutil.rmtree(weights)  # nothing at all: the Space's manifest says what there is
    assert download_weights.main(["--space", "me/gpt2"]) == 0
    assert read_manifest(weights).keys() == {"base", "chat", "spam"}
    assert load_model("base")[1].name == "tokenizer"
    with pytest.raises(SystemExit):
        (weights / "base.safetensors").unlink()
        download_weights.main(["--space", "me/nothing"])
    assert "no space repository me/nothing" in capsys.readouterr().err


# --- the card -------------------------------------------------------------------------------------


def test_the_card_of_this_repository_is_up_to_date() -> None:
    card = (REPOSITORY / "weights" / "README.md").read_text(encoding="utf-8")
    assert card == model_card.model_card(REPOSITORY / "weights"), "run `python -m train.model_card`"


def test_the_card_names_every_source_and_figure(clone: Path) -> None:
    card = model_card.model_card(REPOSITORY / "weights")
    metadata = yaml.safe_load(card.split("---\n")[1])
    assert metadata["license"] == "other" and metadata["license_name"]
    manifest = read_manifest(REPOSITORY / "weights")
    assert [model["name"] for model in metadata["model-index"]] == list(manifest)
    for entry in manifest.values():
        assert entry["sha256"] in card
        for figures in entry["metrics"].values():
            numbers = [v for v in figures.values() if isinstance(v, (int, float))]
            assert all(f"{number:,}" in card for number in numbers)  # lists and tables stay out
    for words in ("Wikipedia contributors", "OpenStax", "Almeida", "Raschka", "Tatoeba"):
        assert words in card
    assert "sgd (CC-BY-SA-4.0)" in card.split("## Licence")[1]
