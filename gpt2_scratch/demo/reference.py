"""The tables of the API in demo/README.md, from the types and docstrings that the endpoints have.

    python -m gpt2_scratch.demo.reference     # after a change of an endpoint or of a result

What a field means is said once, in the docstring of its type.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

from gpt2_scratch.demo.api import ENDPOINTS, Api

PATH = Path(__file__).with_name("README.md")
START = "<!-- written by python -m gpt2_scratch.demo.reference -->\n"
END = "<!-- end -->"
_WORDS = {
    str: "string", int: "integer", float: "number", bool: "boolean", dict: "object",
    NoneType: "null", Any: "value",
}  # fmt: skip


def reference() -> str:
    """The endpoints with their arguments, and the fields of what they answer, as Markdown."""
    endpoints = [getattr(Api, name) for name in ENDPOINTS]
    results: dict[str, Any] = {}
    for endpoint in endpoints:
        results |= _typed_dicts(get_type_hints(endpoint)["return"])
    parts = [_endpoint(endpoint) for endpoint in endpoints]
    described = [described_names(_parts(result)[1]) for result in results.values()]
    shared = {name: said for names in reversed(described) for name, said in names.items()}
    parts += ["## What the results hold", *(_fields(each, shared) for each in results.values())]
    return "\n\n".join(parts) + "\n"


def _endpoint(endpoint: Callable[..., Any]) -> str:
    hints = get_type_hints(endpoint)
    result = hints.pop("return")
    streams = get_origin(result) is Iterator
    summary, _, described = inspect.getdoc(endpoint).partition("Args:\n")  # type: ignore[union-attr]
    said = described_names(described)
    title = f"### `/{endpoint.__name__}`" + (", streams" if streams else "")
    rows = ["| argument | type | default | |", "|---|---|---|---|"]
    for name, parameter in inspect.signature(endpoint).parameters.items():
        if name != "self":
            required = parameter.default is inspect.Parameter.empty
            default = "" if required else f"`{json.dumps(parameter.default)}`"
            rows.append(f"| `{name}` | {_type(hints[name])} | {default} | {said[name]} |")
    answer = f"Result: {_type(get_args(result)[0] if streams else result)}."
    return "\n".join(
        [title, "", summary.strip(), "", *(rows if len(rows) > 2 else []), "", answer]
    ).replace("\n\n\n", "\n\n")


def _fields(result: Any, shared: Mapping[str, str]) -> str:
    """One type: what it is, and a row for each of its fields.

    shared  what another type says of a field by this name, where this one says nothing
    """
    summary, described = _parts(result)
    said = {**shared, **described_names(described)}
    rows = [
        f"| `{name}` | {_type(hint)} | {said[name]} |"
        for name, hint in get_type_hints(result).items()
    ]
    lines = [f"### `{result.__name__}`", "", _one_line(summary), "", "| field | type | |"]
    return "\n".join([*lines, "|---|---|---|", *rows])


def _parts(result: Any) -> tuple[str, str]:
    """The docstring of a type: what it is, and what its fields are."""
    summary, _, fields = (inspect.getdoc(result) or "").partition("\n\n")
    return summary, fields


def described_names(text: str) -> dict[str, str]:
    """The lines "name: what it is" or "name  what it is" with what follows them, indented."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in inspect.cleandoc(text).splitlines():
        start = re.match(r"(\w+(?:, \w+)*)(?::|  )\s*(.*)", line)
        if start:
            names = start[1].split(", ")
            found |= dict.fromkeys(names, start[2])
        else:
            for name in names:
                found[name] += f" {line.strip()}"
    return {name: said.strip().replace("|", "\\|") for name, said in found.items()}


def _typed_dicts(hint: Any) -> dict[str, Any]:
    """The TypedDicts in a type, by name, with those of their own fields behind them."""
    found = {hint.__name__: hint} if is_typeddict(hint) else {}
    for part in get_type_hints(hint).values() if found else get_args(hint):
        found |= _typed_dicts(part)
    return found


def _type(hint: Any) -> str:
    """A type as JSON has it, in words."""
    if is_typeddict(hint):
        return f"[`{hint.__name__}`](#{hint.__name__.lower()})"
    if get_origin(hint) is list:
        return f"list of {_type(get_args(hint)[0])}"
    if get_origin(hint) is UnionType:
        return " or ".join(_type(part) for part in get_args(hint))
    return _WORDS[get_origin(hint) or hint]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def with_reference(document: str) -> str:
    """The document with the tables between its marks. ValueError if it has none."""
    before, start, rest = document.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise ValueError(f"The document has no place for the reference: {START.strip()} and {END}.")
    return f"{before}{START}\n{reference()}\n{END}{after}"


def main() -> None:
    PATH.write_text(with_reference(PATH.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PATH.name}")


if __name__ == "__main__":
    main()
