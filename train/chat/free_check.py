"""300 requests in the words of ordinary people, with mechanical checks of the answers.

`free_check.tsv` was written by a language model that had read none of the training data, ten
requests of each of thirty kinds, with typing errors as people make them; `finetune_chat` leaves
out any task that asks the same. It measures what `skills.py` does, more broadly: also stories,
messages, lists, reading, and admitting that one does not know.

What is accepted is written so: alternatives stand between bars, and the parts of one alternative,
all of which must hold, between "&":

    tall            the answer has this word, or these words in a row
    !short          it has not
    two < five      these, in this order, whatever is between them
    >20             more than twenty words
    3 of cow, pig   so many of these, each also with an s or es at its end

Letter case and punctuation do not count, nor does what is merely the request said back.
"""

from __future__ import annotations

import re

from train.chat.skills import Question, read_questions


class FreeQuestion(Question):
    """A request whose `phrases` are alternatives as the module's first lines explain them."""

    def accepts(self, answer: str) -> bool:
        given = _words(answer)
        for asked in (self.instruction, self.input):  # who says it back has not answered it
            if asked:
                given = given.replace(_words(asked), " ")
        return any(
            all(_holds(part.strip(), given) for part in alternative.split("&"))
            for alternative in self.phrases
        )


def free_check() -> list[FreeQuestion]:
    """The questions of `free_check.tsv`: kind, instruction, input, what is accepted."""
    return read_questions("free_check.tsv", FreeQuestion)


def _holds(part: str, given: str) -> bool:
    """`given` is the answer as `_words` writes it."""
    if part.startswith("!"):
        return _words(part) not in given
    if part.startswith(">"):
        return len(given.split()) > int(part[1:])
    if several := re.fullmatch(r"(\d+) of (.+)", part):
        items = [_words(item).strip() for item in several[2].split(",")]
        found = (any(f" {item}{end} " in given for end in ("", "s", "es")) for item in items)
        return sum(found) >= int(several[1])
    for step in map(_words, part.split("<")):
        _, is_there, after = given.partition(step)
        if not is_there:
            return False
        given = " " + after  # the space between two words belongs to both
    return True


def _words(text: str) -> str:
    """Lower case, the words alone, a space around each; "don't" and "2.5" are one word each."""
    folded = text.casefold().replace("\u2019", "'")
    return " " + " ".join(re.findall(r"\w+(?:['.]\w+)*", folded)) + " "
