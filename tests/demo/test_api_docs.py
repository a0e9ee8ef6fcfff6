"""README's part on the API: what it says of arguments and results, and its examples, executed."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, get_args, get_type_hints, is_typeddict

import httpx
import pytest
from conftest import REPOSITORY, App
from test_app import ENDPOINTS

from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.registry import Registry

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
SECTION = README.split("\n## API\n")[1].split("\n## ")[0]


def example(language: str, app: App) -> str:
    """The one example of the section in this language, but for the address, which is the test's."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", SECTION, flags=re.DOTALL)
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
    exec(compile(example("python", tiny_app), "README.md", "exec"), {})
    assert "'spam_probability'" in capsys.readouterr().out


def test_the_curl_example_runs(tiny_app: App) -> None:
    shown = run(["bash", "-euo", "pipefail", "-c"], example("bash", tiny_app))
    last = shown.split("event: complete\ndata: ")[1]
    assert json.loads(last)[0]["finish_reason"] in ("length", "stop")


@pytest.mark.skipif(node() is None, reason="there is no Node.js on this machine")
def test_the_javascript_example_runs(tiny_app: App) -> None:
    shown = run([str(node()), "--input-type=module", "-e"], example("javascript", tiny_app))
    assert re.search(r"^(ham|spam) [\d.e-]+$", shown.splitlines()[-1])


# --- what it says ---------------------------------------------------------------------------------


def results(annotation: Any) -> dict[str, Any]:
    """The TypedDicts inside a type, by name, those in their fields included."""
    found = {annotation.__name__: annotation} if is_typeddict(annotation) else {}
    inner = get_type_hints(annotation).values() if found else get_args(annotation)
    for part in inner:
        found |= results(part)
    return found


def test_every_field_of_every_result_is_described() -> None:
    described: dict[str, list[str]] = {}
    last = ""
    for name, fields in re.findall(
        r"^\| (?:`(\w+)`)? ?\| (`\w+`(?:, `\w+`)*) \| ", SECTION, flags=re.MULTILINE
    ):
        last = name or last  # an empty cell repeats the one above
        described.setdefault(last, []).extend(re.findall(r"\w+", fields))
    returned: dict[str, Any] = {}
    for endpoint in ENDPOINTS:
        returned |= results(get_type_hints(getattr(Api, endpoint))["return"])
    expected = {name: sorted(get_type_hints(kind)) for name, kind in returned.items()}
    assert {name: sorted(fields) for name, fields in described.items()} == expected


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_argument_stands_there_with_its_default(endpoint: str) -> None:
    (row,) = re.findall(rf"^\| `/{endpoint}`.*$", SECTION, flags=re.MULTILINE)
    for parameter in inspect.signature(getattr(Api, endpoint)).parameters.values():
        if parameter.default is not inspect.Parameter.empty:
            assert f"{parameter.name}={json.dumps(parameter.default)}" in row
        elif parameter.name != "self":
            assert f"`{parameter.name}" in row


def test_what_is_said_of_a_model_that_is_not_fetched_yet_stands_there() -> None:
    with pytest.raises(ValueError) as refused:
        Registry().language_model("gpt2")
    assert f'"{refused.value}"' in " ".join(SECTION.split())


def test_the_openapi_description_has_these_endpoints_and_no_other(tiny_app: App) -> None:
    address = f"{tiny_app.url}/gradio_api/openapi.json"
    described = httpx.get(address, trust_env=False, timeout=60).raise_for_status().json()
    assert described["openapi"].startswith("3.")
    calls = {path for path in described["paths"] if "/call/" in path and "{event_id}" not in path}
    assert {Path(path).name for path in calls} == set(ENDPOINTS)
