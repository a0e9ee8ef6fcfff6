"""The arrows between the parts, read off the import statements: app -> demo -> core <- train."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import gpt2_scratch

REPOSITORY = Path(__file__).resolve().parent.parent
DEMO = "gpt2_scratch.demo"
BENCHMARK = "gpt2_scratch.benchmark"
# What is no business of the model package: the page, the table on it, training's progress bars.
NOT_FOR_THE_CORE = (
    *("gradio", "pandas", "tqdm", "train", "app", "tests", "transformers"),
    *(DEMO, BENCHMARK),
)


def module_name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, source: str | None = None) -> set[str]:
    """Every module that a file imports, wherever in it, as full dotted names.

    `from a import b` counts as a and as a.b, since b may be a module.
    """
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    found = set()
    for node in ast.walk(ast.parse(source or path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:  # relative: one dot is the package itself, each further dot one up
                base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [base])])
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def files_of(part: str) -> list[Path]:
    demo = sorted((REPOSITORY / "gpt2_scratch" / "demo").rglob("*.py"))
    package = sorted((REPOSITORY / "gpt2_scratch").rglob("*.py"))
    benchmark = sorted((REPOSITORY / "gpt2_scratch" / "benchmark").rglob("*.py"))
    files = {
        "core": [path for path in package if path not in demo + benchmark],
        "benchmark": benchmark,
        "demo": demo,
        "train": sorted((REPOSITORY / "train").rglob("*.py")),
        "app": [REPOSITORY / "app.py"],
    }[part]
    assert files, part
    return files


@pytest.mark.parametrize(
    ("part", "forbidden"),
    [
        ("core", NOT_FOR_THE_CORE),
        ("demo", ("train", "app", "tests", "transformers", BENCHMARK)),
        ("benchmark", ("train", "app", "tests", "gradio")),
        ("train", (DEMO, "gradio", "app", "tests", "transformers")),
        ("app", ("train", "tests", "transformers")),
    ],
)
def test_arrows_point_one_way(part: str, forbidden: tuple[str, ...]) -> None:
    wrong = [
        f"{module_name(path)} imports {module}"
        for path in files_of(part)
        for module in imports(path)
        if any(is_within(module, package) for package in forbidden)
        # The outside judge of fluency is read with it, by a command that nothing else needs.
        and (module_name(path), module.split(".")[0]) != ("train.fluency", "transformers")
    ]
    assert wrong == []


def test_import_statements_are_read_in_all_their_forms() -> None:
    """The test above is worth what its reader finds."""
    path = REPOSITORY / "gpt2_scratch" / "demo" / "made_up.py"
    source = """
import gradio as gr, os.path
from .. import model
from ..train import loop
from . import theme
def lazily():
    from pandas import DataFrame
"""

    found = imports(path, source)
    assert {"gradio", "os.path", "gpt2_scratch.model", "gpt2_scratch.train.loop"} <= found
    assert {"gpt2_scratch.demo.theme", "pandas", "pandas.DataFrame"} <= found


def without_type_checking(source: str) -> str:
    """The source without its `if TYPE_CHECKING:` blocks, which never run."""
    tree = ast.parse(source)
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    return ast.unparse(tree)


@pytest.mark.parametrize("part", ["core", "benchmark", "train"])
def test_there_are_no_cycles(part: str) -> None:
    """The imports of modules, also those inside of functions, form a ladder: one can be read after
    the other."""
    names = {module_name(path) for path in files_of(part)}
    graph = {
        module_name(path): imports(path, without_type_checking(path.read_text(encoding="utf-8")))
        & (names - {module_name(path)})
        for path in files_of(part)
        if path.name != "__init__.py"  # the package's front, which names what lies behind it
    }
    while graph:
        free = [name for name, needs in graph.items() if not needs & graph.keys()]
        assert free, f"these import each other: {sorted(graph)}"
        for name in free:
            del graph[name]


WATCH = """
import json, sys
events = []

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen"):
        events.append(event)
    elif event == "open" and str(arguments[0]).endswith((".safetensors", ".tiktoken", ".json")):
        events.append(f"open {arguments[0]}")

sys.addaudithook(watch)
import gpt2_scratch
light = sorted(sys.modules)
from gpt2_scratch import *
import MODULES
print(json.dumps({"light": light, "all": sorted(sys.modules), "events": events}))
"""


def test_importing_costs_nothing_and_reaches_for_nothing() -> None:
    core = [module_name(path) for path in files_of("core")]
    script = WATCH.replace("MODULES", ", ".join(core))
    finished = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    seen = json.loads(finished.stdout)
    assert "torch" not in seen["light"]  # `import gpt2_scratch` alone loads none of its modules
    assert [name for name in seen["light"] if name.startswith("gpt2_scratch")] == ["gpt2_scratch"]
    loaded = {name.split(".")[0] for name in seen["all"]}
    assert not loaded & {"gradio", "pandas", "train", "transformers", "huggingface_hub"}
    assert DEMO not in seen["all"]
    assert set(core) <= set(seen["all"])
    ours = [event for event in seen["events"] if "site-packages" not in event]
    assert ours == []


def test_the_python_face_of_the_package() -> None:
    stable = (
        gpt2_scratch.GPT2,
        gpt2_scratch.Assistant,
        gpt2_scratch.GPT2Config,
        gpt2_scratch.SpamClassifier,
        gpt2_scratch.Tokenizer,
        gpt2_scratch.Verdict,
        gpt2_scratch.attention_maps,
        gpt2_scratch.generate,
        gpt2_scratch.load_model,
        gpt2_scratch.stream,
    )
    for thing in stable:
        assert thing.__name__ in gpt2_scratch.__all__
        assert thing.__doc__, thing
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        gpt2_scratch.nonsense  # noqa: B018
