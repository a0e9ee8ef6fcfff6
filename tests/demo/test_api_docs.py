"""What is written of the API: the reference is that of the code, and the examples run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from conftest import REPOSITORY, App
from test_app import ENDPOINTS

from gpt2_scratch.demo import reference
from gpt2_scratch.demo.registry import Registry

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
GUIDE = reference.PATH.read_text(encoding="utf-8")


def example(language: str, app: App) -> str:
    """The guide's one example in this language, but for the address, which is the test's."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", GUIDE, flags=re.DOTALL)
    return str(found).replace("http://127.0.0.1:7860", app.url)


def run(command: list[str], code: str) -> str:
    done = subprocess.run([*command, code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def node() -> str | None:
    """Node.js: the machine's, or the one that playwright brings along."""
    if found := shutil.which("node"):
        return found
    try:
        from playwright._impl._driver import compute_driver_executable
    except ImportError:
        return None
    return str(compute_driver_executable()[0])


def test_the_python_example_runs(tiny_app: App, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(example("python", tiny_app), "the guide", "exec"), {})
    assert "'spam_probability'" in capsys.readouterr().out


def test_the_readmes_example_runs(tiny_app: App, capsys: pytest.CaptureFixture[str]) -> None:
    [found] = re.findall(r"```python\n(from gradio_client.*?)```", README, flags=re.DOTALL)
    exec(compile(found.replace("http://127.0.0.1:7860", tiny_app.url), "README.md", "exec"), {})
    assert capsys.readouterr().out.strip()


def test_the_curl_example_runs(tiny_app: App) -> None:
    shown = run(["bash", "-euo", "pipefail", "-c"], example("bash", tiny_app))
    last = shown.split("event: complete\ndata: ")[1]
    assert json.loads(last)[0]["finish_reason"] in ("length", "stop")


@pytest.mark.skipif(node() is None, reason="there is no Node.js on this machine")
def test_the_javascript_example_runs(tiny_app: App) -> None:
    shown = run([str(node()), "--input-type=module", "-e"], example("javascript", tiny_app))
    assert re.search(r"^(ham|spam) [\d.e-]+$", shown.splitlines()[-1])


# --- what it says ---------------------------------------------------------------------------------


def test_the_reference_is_that_of_the_endpoints() -> None:
    written = "run `python -m gpt2_scratch.demo.reference`"
    assert reference.with_reference(GUIDE) == GUIDE, written
    for name in ENDPOINTS:
        assert f"\n### `/{name}`" in GUIDE and f"`/{name}`" in README


def test_descriptions_are_found_by_their_names() -> None:
    said = reference.described_names("""
        name         the first
                     of two lines, a | b
        one, other   both
        third: also this
    """)
    assert said == {
        "name": "the first of two lines, a \\| b",
        "one": "both",
        "other": "both",
        "third": "also this",
    }


def test_a_document_without_a_place_for_it() -> None:
    with pytest.raises(ValueError, match="no place for the reference"):
        reference.with_reference("# The API")


def test_what_is_said_of_a_model_that_is_not_fetched_yet_stands_there() -> None:
    with pytest.raises(ValueError) as refused:
        Registry().language_model("gpt2")
    assert f'"{refused.value}"' in " ".join(GUIDE.split())


def test_the_openapi_description_has_these_endpoints_and_no_other(tiny_app: App) -> None:
    address = f"{tiny_app.url}/gradio_api/openapi.json"
    described = httpx.get(address, trust_env=False, timeout=60).raise_for_status().json()
    assert described["openapi"].startswith("3.")
    calls = {path for path in described["paths"] if "/call/" in path and "{event_id}" not in path}
    assert {Path(path).name for path in calls} == set(ENDPOINTS)
