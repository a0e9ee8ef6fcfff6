"""The app's start, made shorter: most of it is the import of gradio and torch."""

from __future__ import annotations

import gc
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def quick_imports() -> Iterator[None]:
    """Around the first import of gradio: leaves out two things that nobody here needs.

    gradio parses the source of each of its components, to write type stubs for editors beside it;
    it does without for a class that `inspect` finds no file of. And the garbage collector looks
    again and again through what imports make, all of which lives as long as the process.
    """
    find_file = inspect.getfile

    def not_of_gradio(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError("no type stubs are wanted")
        return find_file(thing)

    inspect.getfile = not_of_gradio  # type: ignore[assignment]
    gc.disable()
    try:
        yield
    finally:
        inspect.getfile = find_file
        gc.enable()
        gc.freeze()  # nor will it look through them later
