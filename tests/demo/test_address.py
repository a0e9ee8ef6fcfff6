"""Where the app cannot listen, it says so in one sentence, before anything is loaded."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from conftest import REPOSITORY

from gpt2_scratch.demo.address import check_address


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        (None, 99_999, "A port is a number from 1 to 65,535, not 99,999: choose another."),
        (None, 0, "A port is a number from 1"),
        (None, -1, "A port is a number from 1"),
        ("no.such.host.invalid", None, "This machine has no address 'no.such.host.invalid'"),
        ("203.0.113.7", 7860, "This machine has no address '203.0.113.7': --host takes 127.0.0.1"),
    ],
)
def test_what_is_no_address_here_is_said(host: str | None, port: int | None, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        check_address(host, port)
    assert str(caught.value).startswith(sentence)


def test_a_free_address_is_taken_as_it_is(taken: int) -> None:
    check_address(None, None)
    check_address("0.0.0.0", None)
    with pytest.raises(ValueError, match=f"Port {taken} of 127.0.0.1 is taken: choose another"):
        check_address("127.0.0.1", taken)


def test_the_app_ends_with_the_sentence(taken: int) -> None:
    command = [sys.executable, "app.py", "--port", str(taken)]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith(f"Port {taken} of 127.0.0.1 is taken")
