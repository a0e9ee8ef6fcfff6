"""What every corpus converter yields."""

from __future__ import annotations

from typing import NamedTuple


class Document(NamedTuple):
    """`origin` says where the text was in its repository: a path, and what of it after a "#"."""

    origin: str
    text: str
