"""The repository itself: what the Hub will read, what is stored, and what README promises."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from conftest import REPOSITORY
from hypothesis import settings

from gpt2_scratch.checkpoints.format import file_sha256, read_checkpoint
from gpt2_scratch.checkpoints.manifest import read_manifest
from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.config import PRESETS
from train.cards.readme_figures import with_figures
from train.picture import picture
from train.publish import problems

WEIGHTS = REPOSITORY / "weights"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
GUIDES = [
    *(REPOSITORY / name for name in ("README.md", "DEPLOY.md", "CONTRIBUTING.md")),
    *(REPOSITORY / "gpt2_scratch" / folder / "README.md" for folder in ("demo", "benchmark")),
    *(REPOSITORY / folder / "README.md" for folder in ("train", "weights")),
]
SVG = "{http://www.w3.org/2000/svg}"


def front_matter() -> dict[str, str]:
    """The scalar fields between the first two lines of three dashes."""
    block = README.split("---\n")[1]
    pairs = re.findall(r"^(\w+): *(.+)$", block, flags=re.MULTILINE)
    return {key: value.strip("\"'") for key, value in pairs}


def code_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [REPOSITORY / name for name in listed.stdout.split("\0") if name]


class TestSpace:
    def test_front_matter_is_valid(self) -> None:
        fields = front_matter()
        colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
        assert README.startswith("---\n")
        assert fields["sdk"] == "gradio"
        assert (REPOSITORY / fields["app_file"]).is_file()
        assert {fields["colorFrom"], fields["colorTo"]} <= colours
        assert fields["license"] == "mit"
        assert len(fields["short_description"]) <= 60  # the Hub rejects a longer one

    def test_gradio_is_pinned_to_the_sdk_version(self) -> None:
        requirements = (REPOSITORY / "requirements.txt").read_text().split()
        version = front_matter()["sdk_version"]
        assert f"gradio=={version}" in requirements
        guide = (REPOSITORY / "DEPLOY.md").read_text(encoding="utf-8")
        assert f"/{version}/gradio.js" in guide  # the component to embed the page with

    def test_python_version_is_given(self) -> None:
        assert re.fullmatch(r"3\.\d+", front_matter()["python_version"])
        assert 'python_version: "' in README  # unquoted, 3.10 would be 3.1

    def test_every_binary_file_is_declared_for_lfs_on_the_hub(self) -> None:
        paths = tracked_files()
        assert [p for p in problems(REPOSITORY, {str(p): p for p in paths}) if "binary" in p] == []
        rules = (REPOSITORY / "train" / "hub.gitattributes").read_text()
        assert "\n*.safetensors filter=lfs diff=lfs merge=lfs -text\n" in rules

    def test_a_filter_finds_a_clone_as_it_is(self, tmp_path: Path) -> None:
        """As git-lfs sets one up for every repository of a user: it has nothing to do here."""
        (tmp_path / "ours" / "weights").mkdir(parents=True)
        for name in (".gitattributes", "weights/tokenizer.tiktoken", "weights/base.safetensors"):
            shutil.copy(REPOSITORY / name, tmp_path / "ours" / name)
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        lfs = ["-c", "filter.lfs.clean=echo a pointer", "-c", "filter.lfs.smudge=cat"]

        def git(folder: str, *arguments: str) -> str:
            command = ["git", *who, *arguments]
            environment = os.environ | {"GIT_CONFIG_NOSYSTEM": "1", "HOME": str(tmp_path)}
            done = subprocess.run(
                command,
                cwd=tmp_path / folder,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            return done.stdout

        git("ours", "init", "-q")
        git("ours", "add", ".")
        git("ours", "commit", "-qm", "as they are")
        git(".", *lfs, "clone", "-q", "ours", "theirs")
        weights = tmp_path / "theirs" / "weights" / "base.safetensors"
        os.utime(weights, (1, 1))  # git looks at it again
        assert git("theirs", *lfs, "status", "--porcelain") == ""
        git("theirs", *lfs, "commit", "-qa", "--allow-empty", "-m", "everything")
        size = git("theirs", "cat-file", "-s", "HEAD:weights/base.safetensors")
        assert int(size) == (tmp_path / "ours" / "weights" / "base.safetensors").stat().st_size

    def test_top_level_holds_what_it_may(self) -> None:
        allowed = {"app.py", "gpt2_scratch", "train", "weights", "requirements.txt", "README.md"}
        names = {path.relative_to(REPOSITORY).parts[0] for path in tracked_files()}
        allowed |= {"tests", "LICENSE", "CONTRIBUTING.md", "DEPLOY.md", "pyproject.toml", "check"}
        assert {name for name in names if name[0] != "."} <= allowed


class TestWeights:
    @pytest.mark.parametrize("name", ["base", "spam", "chat"])
    def test_file_is_whole_and_in_the_manifest(self, name: str) -> None:
        path = WEIGHTS / f"{name}.safetensors"
        entry = read_manifest(WEIGHTS)[name]
        assert entry["bytes"] == path.stat().st_size > 1_000_000  # weights and no pointer
        assert entry["sha256"] == file_sha256(path)
        checkpoint = read_checkpoint(path, entry["sha256"])
        commands = json.loads(checkpoint.metadata["commands"])
        assert all(command.startswith("python -m train.") for command in commands)

    def test_base_is_the_nano_preset(self) -> None:
        checkpoint = read_checkpoint(WEIGHTS / "base.safetensors")
        assert checkpoint.tokenizer == "tokenizer"
        # The run that replaces it has eight heads; this one was made with four.
        assert checkpoint.config == replace(PRESETS["nano"], n_head=4)

    @pytest.mark.parametrize("name", ["base", "spam", "chat"])
    def test_log_tells_how_it_was_trained(self, name: str) -> None:
        lines = (WEIGHTS / f"{name}.log.jsonl").read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
        measured = [entry["validation"] for entry in entries if "validation" in entry]
        assert "settings" in entries[0]
        assert entries[-1]["validation"] == measured[-1]
        for figure in ("loss", "response_loss"):  # losses fall, scores rise
            if figure in measured[0]:
                assert measured[-1][figure] < measured[0][figure]
        if "f1" in measured[0]:
            assert measured[-1]["f1"] > measured[0]["f1"]

    @pytest.mark.parametrize("name", ["base", "spam", "chat"])
    def test_metrics_agree_with_the_manifest(self, name: str) -> None:
        metrics = json.loads((WEIGHTS / f"{name}.metrics.json").read_text(encoding="utf-8"))
        assert metrics == read_manifest(WEIGHTS)[name]["metrics"]


class TestSuite:
    def test_ci_works_in_a_copy(self, tmp_path: Path) -> None:
        """With stand-ins for what it calls: the developer's own environment is as it was."""
        copied = tmp_path / "project"
        (copied / ".ci").mkdir(parents=True)
        (copied / ".venv").mkdir()
        (copied / ".venv" / "mine").write_text("kept")
        for name in (".ci/run", "README.md"):
            (copied / name).write_bytes((REPOSITORY / name).read_bytes())
        stubs = tmp_path / "stubs"
        stubs.mkdir()
        log = tmp_path / "log"
        tool = f'#!/bin/sh\necho "$PWD $(basename "$0") $*" >> {log}\n'
        made = "for x in pip python ruff mypy; do cp $0 .venv/bin/$x 2>&-; done; true"
        venv = f"mkdir -p .venv/bin; {made}\n"
        for name, script in (("python3", tool + venv), ("chromium", tool)):
            (stubs / name).write_text(script)
            (stubs / name).chmod(0o755)
        environment = os.environ | {"PATH": f"{stubs}:{os.environ['PATH']}"}
        subprocess.run(["bash", copied / ".ci" / "run"], check=True, env=environment)
        assert (copied / ".venv" / "mine").read_text() == "kept"
        calls = [line.split(" ", 1) for line in log.read_text().splitlines()]
        assert not any(folder == str(copied) for folder, _ in calls)
        commands = [command for _, command in calls]
        assert "python3 -m venv .venv" in commands
        assert "python -m pytest" in commands
        assert any("slow" in command for command in commands)
        assert "mypy " in commands

    def test_draws_are_the_same_in_every_run(self) -> None:
        """Torch's own and hypothesis'; what fails in one run of fifty helps nobody."""
        assert torch.initial_seed() == 0
        assert settings().derandomize


class TestReadme:
    def test_quotes_the_recorded_figures(self) -> None:
        assert with_figures(README, WEIGHTS) == README, "run `python -m train.model_card`"
        base = json.loads((WEIGHTS / "base.metrics.json").read_text(encoding="utf-8"))
        assert f"{base['mixture']['bits_per_byte']:.3f} bits per byte" in README

    def test_the_picture_is_of_these_weights(self) -> None:
        """Its cells: rounding may differ from machine to machine, the words hardly ever do."""
        drawn = ElementTree.fromstring(picture(*load_model("base")))
        stored = ElementTree.fromstring((WEIGHTS / "picture.svg").read_text(encoding="utf-8"))
        words = [[text.text for text in svg.iter(f"{SVG}text")] for svg in (drawn, stored)]
        assert len(words[0]) == len(words[1])
        same = sum(a == b for a, b in zip(*words, strict=True))
        assert same >= 0.95 * len(words[0]), "run `python -m train.picture`"

    def test_names_only_modules_that_exist(self) -> None:
        for guide in GUIDES:
            text = guide.read_text(encoding="utf-8")
            for module in set(re.findall(r"python -m ((?:train|gpt2_scratch)(?:\.\w+)+)", text)):
                path = REPOSITORY / module.replace(".", "/")
                found = path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
                assert found, f"{guide.name} names {module}"

    def test_links_lead_somewhere(self) -> None:
        for guide in GUIDES:
            for target in re.findall(r"\]\(([^)#:]+)\)", guide.read_text(encoding="utf-8")):
                assert (guide.parent / target).exists(), f"{guide.name} links to {target}"

    def test_python_example_runs(self, capsys: pytest.CaptureFixture[str]) -> None:
        example = next(block for block in code_blocks("python") if "from gpt2_scratch" in block)
        exec(compile(example, "README.md", "exec"), {})
        shown = capsys.readouterr().out
        assert len(re.findall(r"(?:ham|spam) \d", shown)) == 2  # one verdict per message
