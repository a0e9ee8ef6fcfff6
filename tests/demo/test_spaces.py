"""The app as a Space: what both kinds of hardware ask for, and what it may not do there."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path

import httpx
import pytest
from conftest import REPOSITORY, App
from test_app import ENDPOINTS

import app as showcase
from gpt2_scratch.demo import zero_gpu
from gpt2_scratch.demo.api import Api
from gpt2_scratch.demo.registry import Registry

SOURCES = [REPOSITORY / "app.py", *sorted((REPOSITORY / "gpt2_scratch").rglob("*.py"))]

# A stand-in for the Hub's package, which notes what is decorated.
SPACES = """
decorated, served = [], []
def GPU(duration):
    def decorate(fn):
        decorated.append([fn.__name__, duration])
        served.append(lambda: fn())
        return served[-1]
    return decorate
"""


def test_one_handler_is_declared_where_spaces_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spaces.py").write_text(SPACES, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("GPT2_SCRATCH_WEIGHTS", str(tmp_path))  # building needs no weights
    spaces = importlib.import_module("spaces")
    try:
        demo = showcase.build(Api(Registry()))
    finally:
        del sys.modules["spaces"]
    assert spaces.decorated == [["nothing", zero_gpu.SECONDS]]
    assert sum(fn.fn is spaces.served[0] for fn in demo.fns.values()) == 1
    endpoints = demo.get_api_info()["named_endpoints"]
    assert sorted(endpoints) == sorted(f"/{name}" for name in ENDPOINTS)


def calls_of(name: str) -> list[tuple[Path, ast.Call]]:
    """All calls of a function or method of this name in what the app is made of."""
    return [
        (path, node)
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, (ast.Attribute, ast.Name))
        and (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id) == name
    ]


def test_examples_are_not_run_at_start() -> None:
    examples = calls_of("Examples")
    assert examples
    for path, call in examples:
        settings = {keyword.arg: keyword.value for keyword in call.keywords}
        assert ast.unparse(settings["cache_examples"]) == "False", path


def test_the_same_page_is_served_here_and_there() -> None:
    """The Hub turns server-side rendering on where an app does not say; ours says."""
    ((_, launch),) = calls_of("launch")
    settings = {keyword.arg: ast.unparse(keyword.value) for keyword in launch.keywords}
    assert settings["ssr_mode"] == "False"
    assert settings["enable_monitoring"] == "False"


def test_the_app_compiles_nothing() -> None:
    compiled = [ast.unparse(call.func) for _, call in calls_of("compile")]
    assert "re.compile" in compiled  # the search finds such calls
    assert "torch.compile" not in compiled


def test_the_served_page_names_no_foreign_address_to_load_from(tiny_app: App) -> None:
    """The browser tests see what is asked for; this sees what is only written there."""
    with httpx.Client(base_url=tiny_app.url, trust_env=False, timeout=60) as http:
        page = http.get("/").raise_for_status().text
        config = http.get("/config").raise_for_status().json()
    loaded = re.findall(
        r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"(https?:)?//([^/\"]+)", page
    )
    hosts = {host for _, host in loaded} - {tiny_app.url.removeprefix("http://")}
    assert hosts == set()
    assert not config["analytics_enabled"]
    assert config["stylesheets"] == []
