"""Every limit of the public app, with its reason, and the checks that hold it.

The limits live here and not in the widgets, because a web form is only one of the ways in: gradio
does not enforce `Textbox(max_length=...)` on the server, and the API has no form at all. A check
returns the value, cleaned, or raises a ValueError whose one sentence is meant for the visitor.

The library itself is not limited: these are the manners of a server that strangers share.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gpt2_scratch.chat import checked_message, message_text
from gpt2_scratch.checks import check_integer, check_number, shown
from gpt2_scratch.vocabulary.text import fold

if TYPE_CHECKING:
    from gpt2_scratch.chat import Message

# Generate. A window of 1,024 tokens is about 4,500 characters of English; twice that leaves room
# for text that is dense in tokens, and the tail of a longer prompt is all that a model sees anyway.
PROMPT_CHARS = 8_000
# 256 tokens are a page of text, and seconds of one core for our own models.
NEW_TOKENS = 256
# Beyond every vocabulary: what is larger need not be looked up.
TOKEN_IDS = 100_000
# Between two tokens of a text that is written slowly: it can be followed, and 100 fit into the
# deadline.
SLOW_SECONDS = 0.2
# The next-token table is read by people; more rows than this are a job for the Python API.
NEXT_TOKEN_ROWS = 50

# Wall clock of one request, so that the next visitor waits at most this long.
DEADLINE_SECONDS = 30.0
# Texts written side by side: a step of the engine for eight costs little more than for one.
STREAMS = 8
# Finished texts of which the engine remembers what it has read: the turn before of that many talks.
REMEMBERED = 8
# Memory for what the engine of one model remembers of its texts; large models get fewer places.
CACHE_BYTES = 2**30
# Requests that may wait. Eight at a time the last one still gets an answer in under a minute;
# beyond that an honest refusal is better than a spinner.
QUEUE_SIZE = 32
# Parameters of OpenAI's models that one server holds, as float32 4 bytes each: the largest alone or
# the three others together, in the 16 GB of a free Space.
FETCHED_PARAMETERS = 1_600_000_000
# Visitors of whom the server keeps what the page needs: the conversation, the text written last.
# Each call of the REST interface counts as a visitor.
SESSIONS = 500
# Answers that nobody has fetched, an attention map of 5 MB each at most. More than can wait and run
# at a time, so that only those of clients that have gone are dropped.
UNFETCHED = 100
# Of any request. 500 messages of 1,000 characters fit, as JSON with six bytes for a character.
BODY_BYTES = 4 * 2**20

# Attention. Maps are n_layer x n_head x T x T numbers: 64 tokens of GPT-2 124M are 590,000 of them,
# 4 MB as JSON. Larger maps cannot be read on a screen either.
ATTENTION_TOKENS = 64
# Checked before the text is tokenised; a token of English is 4 to 5 characters.
ATTENTION_CHARS = 1_000
# Inside. Each picture has a line per token: 32 lines fill a screen. A layer of `base` is then 0.4
# MB of numbers, and switching off each head of the model in turn takes 0.1 s on two cores.
INSIDE_TOKENS = 32
INSIDE_CHARS = 500
# Each head is switched off in a text of its own. GPT-2 124M has 144, which take some five seconds.
ABLATED_HEADS = 144
# A continuation beside the untouched one: both are computed from the start for each token.
ABLATION_TOKENS = 20
# Tokens without weights are cheap: the prompt's limit is the only one.
TOKENIZE_CHARS = PROMPT_CHARS

# Spam. The longest message of the SMS Spam Collection has 910 characters.
MESSAGE_CHARS = 1_000
# Words whose influence is measured, one forward pass each: 60 take under a second on two cores.
INFLUENCE_SPANS = 60
# 500 messages take a few seconds on two cores.
BATCH_ROWS = 500
# 500 messages of 1,000 characters fit, in UTF-8 and with quoting.
UPLOAD_BYTES = 2**20

# Chat. A window holds a few thousand characters, older turns are dropped; these bounds only keep a
# request from carrying a book.
CHAT_MESSAGES = 100
CHAT_MESSAGE_CHARS = 4_000
CHAT_CHARS = 32_000


def check_text(value: object, what: str, max_chars: int, allow_empty: bool = False) -> str:
    """`value` as a text of at most `max_chars` characters; `what` names it in the sentence.

    White space and invisible characters alone count as empty. The text comes back as it was; only
    half characters (lone surrogates, which JSON can carry and UTF-8 cannot) become U+FFFD.
    """
    if not isinstance(value, str):
        raise ValueError(f"The {what} must be a text, not {shown(value)}.")
    if len(value) > max_chars:
        raise ValueError(
            f"The {what} has {len(value):,} characters; at most {max_chars:,} are allowed here."
        )
    if not allow_empty and not fold(value).strip():
        raise ValueError(f"The {what} is empty: write some text first.")
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def check_prompt(value: object) -> str:
    """A prompt for generation. It may be empty: the model then starts a document of its own."""
    return check_text(value, "prompt", PROMPT_CHARS, allow_empty=True)


def check_token_count(ids: Sequence[int], most: int) -> None:
    """A text that is shown token by token. It is not cut, as that would change what is shown."""
    if len(ids) > most:
        raise ValueError(
            f"The text is {len(ids):,} tokens long, but at most {most:,} can be shown: shorten it."
        )


def check_message(value: object) -> str:
    """A message for the spam classifier."""
    return check_text(value, "message", MESSAGE_CHARS)


def check_written(value: object) -> list[int]:
    """The ids of a continuation so far; null: nothing is written yet.

    At most NEW_TOKENS. Whether a vocabulary has them, its tokenizer says.
    """
    if value is None:
        return []
    if not isinstance(value, (list, tuple)) or len(value) > NEW_TOKENS:
        raise ValueError(f"written must be a list of at most {NEW_TOKENS} token ids.")
    return [check_integer("A token id in written", token_id, 0, TOKEN_IDS) for token_id in value]


def check_room(written: Sequence[int]) -> int:
    """How many tokens may follow those that are written. ValueError if none."""
    if len(written) >= NEW_TOKENS:
        raise ValueError(
            f"The text has {len(written)} tokens, and here it ends: begin a new one, or put it "
            "into the prompt."
        )
    return NEW_TOKENS - len(written)


def check_threshold(value: object) -> float:
    """The probability from which a message is called spam."""
    return check_number("The threshold", value, 0.0, 1.0)


def check_new_tokens(value: object) -> int:
    """max_new_tokens of a request: 1 to NEW_TOKENS."""
    return check_integer("max_new_tokens", value, 1, NEW_TOKENS)


def check_choice(value: object, what: str, choices: Sequence[str]) -> str:
    """One of a few names. A model's name is checked here, so that no request can name a file."""
    if value not in choices:
        raise ValueError(f"The {what} must be one of {', '.join(choices)}, not {shown(value)}.")
    return str(value)


def check_batch(values: object) -> list[str | ValueError]:
    """Messages for the spam classifier, 1 to BATCH_ROWS of them.

    In the place of one that cannot be read is what is wrong with it; the others need not suffer.
    """
    if not isinstance(values, (list, tuple)):
        raise ValueError(f"The messages must be a list of texts, not {shown(values)}.")
    check_rows(len(values))
    messages: list[str | ValueError] = []
    for row, value in enumerate(values, start=1):
        try:
            messages.append(check_text(value, f"message in row {row}", MESSAGE_CHARS))
        except ValueError as error:
            messages.append(error)
    return messages


def check_rows(count: int) -> None:
    """The number of messages in one batch."""
    if not count:
        raise ValueError("There are no messages in it: one message per row is needed.")
    if count > BATCH_ROWS:
        raise ValueError(f"That is {count:,} messages; at most {BATCH_ROWS:,} fit into one batch.")


def check_upload(path: object) -> Path:
    """An uploaded file: a .csv or .txt of at most UPLOAD_BYTES."""
    if not isinstance(path, (str, Path)):
        raise ValueError("There is no file: choose one first.")
    path = Path(path)
    if path.suffix.lower() not in (".csv", ".txt"):
        raise ValueError("Only .csv and .txt files can be read here.")
    size = path.stat().st_size
    if size > UPLOAD_BYTES:
        raise ValueError(f"The file has {size:,} bytes; at most {UPLOAD_BYTES:,} are allowed.")
    return path


def check_heads(value: object) -> list[tuple[int, int]]:
    """Which heads: [layer, head] each. Whether a model has them, it says itself."""
    if not isinstance(value, (list, tuple)) or len(value) > ABLATED_HEADS:
        raise ValueError(
            f"The heads must be a list of at most {ABLATED_HEADS} pairs, such as [[0, 3], [5, 1]]."
        )
    for pair in value:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ValueError(f"A head is [layer, head], as in [0, 3], not {shown(pair)}.")
    return [(layer, head) for layer, head in value]


def check_layers(value: object) -> list[int]:
    """Which layers. Whether a model has them, it says itself."""
    if not isinstance(value, (list, tuple)) or len(value) > ABLATED_HEADS:
        raise ValueError("The layers must be a list of numbers, such as [0, 5].")
    return list(value)


def check_conversation(value: object) -> list[Message]:
    """A conversation whose last message is the user's; a plain text is a conversation of one.

    Each message is a mapping with `role` ("user" or "assistant") and `content`, a text or, as
    gradio's chat has it, a list of blocks that hold text; a user's may have an `input`, the
    material of an instruction. Other keys are ignored. An assistant's content may be empty.
    """
    if isinstance(value, str):
        value = [{"role": "user", "content": value}]
    if not isinstance(value, (list, tuple)) or not value:
        raise ValueError(
            "The messages must be a text, or a list of messages with role and content."
        )
    if len(value) > CHAT_MESSAGES:
        raise ValueError(
            f"The conversation has {len(value):,} messages; at most {CHAT_MESSAGES:,} are allowed: "
            "start a new one."
        )
    messages = [
        _check_chat_message(message, row, "message" if row == len(value) else f"message {row}")
        for row, message in enumerate(value, start=1)
    ]
    total = sum(len(message_text(m["content"])) + len(m.get("input", "")) for m in messages)
    if total > CHAT_CHARS:
        raise ValueError(
            f"The conversation has {total:,} characters; at most {CHAT_CHARS:,} are allowed: "
            "start a new one."
        )
    if messages[-1]["role"] != "user":
        raise ValueError("The last message must be the user's: there is nothing to answer.")
    return messages


def _check_chat_message(message: object, row: int, name: str) -> Message:
    checked = checked_message(message, row)
    checked["content"] = check_text(
        checked["content"],
        name,
        CHAT_MESSAGE_CHARS,
        allow_empty=checked["role"] == "assistant",
    )
    if "input" in checked:
        checked["input"] = check_text(
            checked["input"], f"input of {name}", CHAT_MESSAGE_CHARS, allow_empty=True
        )
    return checked
