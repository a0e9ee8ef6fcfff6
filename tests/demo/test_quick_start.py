"""The quick import leaves gradio's type stubs alone, and everything else as it was."""

from __future__ import annotations

import gc
import inspect
from pathlib import Path

import gradio as gr
import pytest
from gradio.component_meta import create_or_modify_pyi

from gpt2_scratch.demo import quick_start


def test_stubs_and_garbage_wait_until_all_is_imported() -> None:
    find_file = inspect.getfile
    with quick_start.quick_imports():
        # outside it looks for this class in gradio's source, in vain
        create_or_modify_pyi(gr.Textbox, "NoSuchComponent", [])
        assert inspect.getfile(Path) == find_file(Path)
        assert not gc.isenabled()
    with pytest.raises(ValueError, match="class source code"):
        create_or_modify_pyi(gr.Textbox, "NoSuchComponent", [])
    assert gc.isenabled() and inspect.getfile is find_file


def test_a_failing_import_restores_it_too() -> None:
    find_file = inspect.getfile
    with pytest.raises(ModuleNotFoundError), quick_start.quick_imports():
        import no_such_module  # noqa: F401
    assert gc.isenabled() and inspect.getfile is find_file
