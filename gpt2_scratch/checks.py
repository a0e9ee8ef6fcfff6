"""Checks of arguments, each of which says in one sentence what was wrong.

They live in the package because a web form does not make them.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import TypeGuard

MAX_DEADLINE = 86_400.0  # seconds: a day


def check_number(
    name: str, value: object, low: float, high: float, open_low: bool = False
) -> float:
    """`value` as a float in [low, high], or in (low, high] if `open_low`; else ValueError.

    The check lives in the package because a web form does not make it: a JSON `true` passes for a
    number in Python, and NaN is neither below nor above any bound.
    """
    if not _is_number(value) or not low <= value <= high or (open_low and value == low):
        start = f"above {low:g} and at most" if open_low else f"from {low:g} to"
        raise ValueError(f"{name} must be a number {start} {high:g}, not {shown(value)}.")
    return float(value)


def check_integer(name: str, value: object, low: int, high: int) -> int:
    """`value` as an int in [low, high], else ValueError. 50.0 is 50: JSON may write it so."""
    if not _is_number(value) or not low <= value <= high or value != int(value):
        raise ValueError(
            f"{name} must be a whole number from {low:,} to {high:,}, not {shown(value)}."
        )
    return int(value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real) and not isinstance(value, bool)


def shown(value: object) -> str:
    """A value as an error message quotes it: never longer than one line."""
    if isinstance(value, int) and abs(value) >= 10**20:
        return "a number that large" if value > 0 else "a number that small"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def checked_ids(ids: Sequence[int], vocab_size: int) -> list[int]:
    """A prompt's ids as a list of its own. ValueError if there are none, or one is no token."""
    checked = list(ids)
    if not checked:
        raise ValueError("There is no token to continue from; start with the end-of-text token.")
    for token_id in (min(checked), max(checked)):
        if not 0 <= token_id < vocab_size:
            raise ValueError(
                f"Token id {token_id} is outside the model's vocabulary of {vocab_size:,}; "
                "use the tokenizer that the model was trained with."
            )
    return checked


def checked_deadline(deadline: float | None) -> float | None:
    """Seconds above 0, or None: no limit. Else ValueError."""
    if deadline is None:
        return None
    return check_number("deadline", deadline, 0.0, MAX_DEADLINE, open_low=True)
