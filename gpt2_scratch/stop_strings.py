"""Stop strings: a text ends before the first of them, wherever the pieces of a stream break."""

from __future__ import annotations

from collections.abc import Sequence

from gpt2_scratch.checks import shown


class StopStrings:
    """Cuts a stream of text off before the first stop string, wherever the pieces break.

    `push` gives back what can no longer become part of a stop string and holds back the rest;
    `found` says that the text is over. Which of several strings ends the text does not depend on
    the pieces: it is the one that is complete first, as if text came one character at a time.
    """

    def __init__(self, strings: Sequence[str]) -> None:
        is_list = isinstance(strings, Sequence) and not isinstance(strings, str)
        if not is_list or not all(isinstance(s, str) and s for s in strings):
            raise ValueError(f"stop must be a list of non-empty strings, not {shown(strings)}.")
        self._strings = tuple(strings)
        self._held = ""
        self.found = False

    def push(self, piece: str) -> str:
        """The text that is now certain to be shown."""
        if not self._strings:
            return piece
        text = self._held + piece
        # (end, start) of each string's first occurrence: the earliest end wins, then the longest
        spans = [(start + len(s), start) for s in self._strings if (start := text.find(s)) >= 0]
        if spans:
            self.found, self._held = True, ""
            return text[: min(spans)[1]]
        held = max(_overlap(text, s) for s in self._strings)
        self._held = text[len(text) - held :]
        return text[: len(text) - held]

    def flush(self) -> str:
        """What was held back, once nothing more comes."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, string: str) -> int:
    """The length of the longest end of `text` that is a beginning of `string`, short of it all."""
    longest = min(len(text), len(string) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(string[:n])), 0)
