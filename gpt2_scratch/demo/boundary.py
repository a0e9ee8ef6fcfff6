"""Where the package meets gradio: how a function becomes an event or an endpoint of the app.

All that runs a model goes through `on_stream` or `on_model` (the page) or `endpoint` (the API).
Streams of text run side by side, because the engine writes them in one batch; of everything else
one request runs at a time: two cores do one thing well and two badly. All of them
turn the package's ValueError into gr.Error, whose text reaches the visitor; any other exception
stays masked, as gradio does by default, so that nothing internal leaks.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, get_args, get_origin, get_type_hints

import gradio as gr

from gpt2_scratch.demo import limits
from gpt2_scratch.demo.gradio_mends import whole_arguments

ONE_AT_A_TIME: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "model"}
SIDE_BY_SIDE: dict[str, Any] = {"concurrency_limit": limits.STREAMS, "concurrency_id": "streams"}
# For events that are JavaScript alone: the server has no part in them.
IN_BROWSER: dict[str, Any] = {"api_visibility": "private", "queue": False}


@contextmanager
def errors_for_visitors() -> Iterator[None]:
    """A ValueError of the package, a sentence for the visitor, leaves this block as gr.Error."""
    try:
        yield
    except ValueError as error:
        # print_exception: a visitor's mistake is no reason for a stack trace in the server's log
        raise gr.Error(str(error), print_exception=False) from error


def boundary(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn`, a function or a generator function, with its ValueErrors turned into gr.Error."""
    if inspect.isgeneratorfunction(fn):

        @wraps(fn)
        def generator(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with errors_for_visitors():
                yield from fn(*args, **kwargs)

        return generator

    @wraps(fn)
    def function(*args: Any, **kwargs: Any) -> Any:
        with errors_for_visitors():
            return fn(*args, **kwargs)

    return function


def on_model(
    event: Callable[..., Any],
    fn: Callable[..., Any],
    inputs: Any = None,
    outputs: Any = None,
    **options: Any,
) -> Any:
    """Wire a component's event to a function that runs a model; hidden from the API's clients."""
    return event(
        boundary(fn), inputs, outputs, api_visibility="private", **ONE_AT_A_TIME, **options
    )


def on_stream(
    event: Callable[..., Any],
    fn: Callable[..., Any],
    inputs: Any = None,
    outputs: Any = None,
    **options: Any,
) -> Any:
    """As `on_model`, for a generator function over the steps of the engine."""
    return event(boundary(fn), inputs, outputs, api_visibility="private", **SIDE_BY_SIDE, **options)


def on_page(
    event: Callable[..., Any],
    fn: Callable[..., Any],
    inputs: Any = None,
    outputs: Any = None,
    **options: Any,
) -> Any:
    """Wire an event that runs no model: it does not queue. Hidden from the API as well."""
    return event(boundary(fn), inputs, outputs, api_visibility="private", queue=False, **options)


def on_line(
    event: Callable[..., Any],
    fn: Callable[..., Any],
    inputs: Any = None,
    outputs: Any = None,
    **options: Any,
) -> Any:
    """As `on_page`, for what a visitor can get wrong: through the queue, though nobody waits there.

    So the sentence is an event of the stream, which the page shows. Without the queue it would be
    an HTTP status, which the browser notes as an error of the page.
    """
    return event(
        boundary(fn), inputs, outputs, api_visibility="private", concurrency_limit=None, **options
    )


def endpoint(fn: Callable[..., Any]) -> None:
    """Publish `fn` in the API under its own name, typed by its annotations.

    The client sees the arguments' names and defaults, the docstring, and the type of one result:
    for a generator, of one of its items.
    """
    served = boundary(fn)
    # gradio reads the annotations as they stand; here they are still strings.
    hints = get_type_hints(fn)
    signature = inspect.signature(fn)
    result = hints.pop("return")
    if get_origin(result) is Iterator:
        (result,) = get_args(result)
    parameters = [p.replace(annotation=hints[p.name]) for p in signature.parameters.values()]
    served.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=parameters, return_annotation=result
    )
    served.__doc__ = whole_arguments(fn.__doc__ or "")
    line = SIDE_BY_SIDE if inspect.isgeneratorfunction(fn) else ONE_AT_A_TIME
    gr.api(served, api_name=fn.__name__, **line)
