"""Where the package meets gradio: errors, cancelled generators, the types that clients see."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr
import pytest

from gpt2_scratch.demo.boundary import boundary, endpoint


def test_a_value_error_becomes_the_visitors_error() -> None:
    def half(number: int) -> int:
        if number % 2:
            raise ValueError("The number must be even.")
        return number // 2

    served = boundary(half)
    assert served(4) == 2
    with pytest.raises(gr.Error) as caught:
        served(3)
    assert caught.value.message == "The number must be even."


def test_so_does_one_in_the_middle_of_a_stream() -> None:
    def count() -> Iterator[int]:
        yield 1
        raise ValueError("There is no two.")

    stream = boundary(count)()
    assert next(stream) == 1
    with pytest.raises(gr.Error, match="There is no two"):
        next(stream)


def test_other_errors_pass_as_they_are_and_gradio_masks_them() -> None:
    def fail() -> None:
        raise KeyError("internal")

    with pytest.raises(KeyError):
        boundary(fail)()


def test_closing_the_stream_closes_what_is_below_it() -> None:
    closed = []

    def count() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    stream = boundary(count)()
    assert next(stream) == 1
    stream.close()
    assert closed == [True]


def test_an_endpoint_is_typed_by_the_functions_annotations() -> None:
    def letters(word: str, times: int = 2, last: str | None = None) -> Iterator[list[str]]:
        """Spell a word."""
        yield list(word * times)

    with gr.Blocks() as demo:
        endpoint(letters)
    described = demo.get_api_info()["named_endpoints"]["/letters"]
    assert [
        (p["parameter_name"], p["parameter_has_default"], p["parameter_default"], p["type"])
        for p in described["parameters"]
    ] == [
        ("word", False, None, {"type": "string"}),
        ("times", True, 2, {"type": "integer"}),
        ("last", True, None, {"oneOf": [{"type": "null"}, {"type": "string"}]}),
    ]
    (result,) = described["returns"]
    assert result["type"] == {"type": "array", "items": {"type": "string"}}
    assert described["description"].startswith("Spell a word.")
