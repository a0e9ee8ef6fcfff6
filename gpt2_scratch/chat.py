"""The instruction follower: the one prompt template, a conversation as token ids, the Assistant.

Training (`train/finetune_chat.py`), evaluation and the app all take the prompt from
`format_prompt`; it is written nowhere else, so the app shows the model what training showed it.

The template is the one of Stanford Alpaca (Taori et al. 2023) without its preamble:

    ### Instruction:
    Name the capital of France.

    ### Response:
     Paris.<|endoftext|>

Several turns are several such blocks in a row, which is also how training packs its examples. What
stands in them is spelled in one way, by `text.normalise_request`, in training and in the app.

The markers are ordinary text, not special tokens. A user who types "### Response:" or
"### Instruction:" is therefore passed through as it is: the message imitates the template and
steers the reply to that user's own conversation, where there is no hidden prompt to reach and no
other reader to mislead. What text can never do is produce a special token: `<|endoftext|>` typed by
anyone is thirteen plain characters, and only this module puts the real one between turns.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict, Unpack

from gpt2_scratch.checkpoints.models import load_model
from gpt2_scratch.checks import check_integer, shown
from gpt2_scratch.generation import (
    MAX_NEW_TOKENS,
    FinishReason,
    Step,
    TokenSource,
    stream_from_ids,
)
from gpt2_scratch.sampling import SamplingOptions, SamplingSettings
from gpt2_scratch.vocabulary.text import normalise_request

if TYPE_CHECKING:
    from gpt2_scratch.model import GPT2
    from gpt2_scratch.vocabulary.tokenizer import Tokenizer

STOP = "### Instruction:"
"""A model that writes the next instruction itself has finished its reply; never shown."""


class Message(TypedDict):
    """One message of a conversation, as Gradio and most chat APIs write it.

    content is a text, or a list of blocks {"type": "text", "text": ...}. `input` is the template's
    second section, for a user's message only.
    """

    role: Literal["user", "assistant"]
    content: str | Sequence[Mapping[str, object]]
    input: NotRequired[str]


def format_prompt(instruction: str, input: str = "") -> str:
    """The text the model continues with its response; the only place of the template.

    Args:
        instruction: what to do; surrounding white space is removed.
        input: the material to do it with; its section is left out when this is blank.

    Raises:
        ValueError: the instruction is blank.
    """
    instruction, input = instruction.strip(), input.strip()
    if not instruction:
        raise ValueError("The instruction is empty: write what the assistant should do.")
    middle = f"### Input:\n{input}\n\n" if input else ""
    return f"### Instruction:\n{instruction}\n\n{middle}### Response:\n"


def encode_example(
    tokenizer: Tokenizer, instruction: str, input: str, output: str
) -> tuple[list[int], int]:
    """One training example: prompt, response and the end-of-text token that closes it.

    Prompt and response are encoded apart, because that is how generation meets them: no token
    may straddle the border between the two. The response begins with a space, which is no part of
    it: in the vocabulary a word behind a space is one token, and without it often several.

    Returns:
        ids and response_start: the loss counts the predictions of `ids[response_start:]` only.
    """
    prompt = encode_request(tokenizer, instruction, input)
    response = tokenizer.encode(f" {output.strip()}")
    return [*prompt, *response, tokenizer.eot_id], len(prompt)


def encode_request(tokenizer: Tokenizer, instruction: str, input: str = "") -> list[int]:
    """The prompt of one instruction as token ids, in the spelling that is learned.

    The texts are `fold`ed already. Raises ValueError as `format_prompt` does.
    """
    return tokenizer.encode(format_prompt(normalise_request(instruction), normalise_request(input)))


def checked_message(message: object, row: int) -> Message:
    """A message with its content as one text; `row`, from 1, names it in what is wrong.

    Other keys than `Message` has are left out. Raises ValueError: it has no role or no text.
    """
    if not isinstance(message, Mapping) or not {"role", "content"} <= set(message):
        raise ValueError(f"Message {row} must have a role and a content, not {shown(message)}.")
    role = message["role"]
    if role not in ("user", "assistant"):
        raise ValueError(
            f"The role of message {row} must be one of user, assistant, not {shown(role)}."
        )
    checked: Message = {"role": role, "content": message_text(message["content"])}
    if "input" in message:
        checked["input"] = message_text(message["input"])
    return checked


def message_text(content: object) -> str:
    """The text of a message's content: a string, or text blocks joined. Else ValueError."""
    if isinstance(content, str):
        return content
    if not isinstance(content, Sequence):
        raise ValueError(f"A message's content must be text, not {shown(content)}.")
    texts = []
    for block in content:
        text = block.get("text") if isinstance(block, Mapping) else None
        if not isinstance(text, str):
            raise ValueError("The assistant reads text only: remove the file from the message.")
        texts.append(text)
    return "".join(texts)


@dataclass
class _Turn:
    """One instruction and the response to it, empty while it is not given.

    asked  the user's messages with their material: several where one was not answered
    """

    asked: list[tuple[str, str]]
    response: str = ""

    @property
    def instruction(self) -> str:
        return _joined(*(text for text, _ in self.asked))

    @property
    def input(self) -> str:
        return _joined(*(material for _, material in self.asked))


def _turns(tokenizer: Tokenizer, messages: Sequence[Message]) -> list[_Turn]:
    """Messages to turns, in the characters of a plain keyboard.

    Two messages of one role in a row are one; greetings are left out.
    """
    turns: list[_Turn] = []
    for row, message in enumerate(messages, start=1):
        message = checked_message(message, row)
        text = tokenizer.fold(message_text(message["content"])).strip()
        if not text:
            continue  # a reply stopped before its first word, or a placeholder for the next one
        material = tokenizer.fold(message.get("input", ""))
        if message["role"] == "assistant":
            if turns:  # before the first instruction it is the app's greeting, not a response
                turns[-1].response = _joined(turns[-1].response, text)
        elif turns and not turns[-1].response:  # the instruction before was never answered
            turns[-1].asked.append((text, material))
        else:
            turns.append(_Turn([(text, material)]))
    if not turns or turns[-1].response:
        raise ValueError("There is nothing to answer: the last message must be text of the user's.")
    return turns


def _joined(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)


def encode_conversation(
    tokenizer: Tokenizer, messages: Sequence[Message], budget_tokens: int
) -> tuple[list[int], int]:
    """A conversation as the prompt of its next response, in at most `budget_tokens` tokens.

    Each turn is encoded as `encode_example` encodes a training example, `<|endoftext|>` after its
    response included; the last ends where the response is to begin. When not all fit, whole
    turns are dropped, oldest first: half a turn would be an instruction without its response.

    The roles need not alternate strictly. Messages of one role in a row are joined, empty ones are
    ignored, and so is an assistant's message before the first instruction. Of several messages that
    wait for the response, the older ones are dropped like turns.

    Returns:
        ids and the number of turns dropped.

    Raises:
        ValueError: the messages are malformed, the last is not the user's, or it alone exceeds the
            budget. It is not cut: a model that answers half a question misleads.
    """
    *past, last = _turns(tokenizer, messages)
    ids = encode_request(tokenizer, last.instruction, last.input)
    dropped = 0  # of the messages that wait
    while len(ids) > budget_tokens and len(last.asked) > 1:
        del last.asked[0]
        dropped += 1
        ids = encode_request(tokenizer, last.instruction, last.input)
    if dropped:
        dropped, past = dropped + len(past), []
    if len(ids) > budget_tokens:
        raise ValueError(
            f"The message is {len(ids):,} tokens long, but only {budget_tokens:,} fit beside the "
            "answer: shorten it."
        )
    kept = 0
    for turn in reversed(past):
        earlier, _ = encode_example(tokenizer, turn.instruction, turn.input, turn.response)
        if len(earlier) + len(ids) > budget_tokens:
            break
        ids = earlier + ids
        kept += 1
    return ids, dropped + len(past) - kept


@dataclass(frozen=True, kw_only=True)
class ChatStep:
    """One generated token of a reply.

    text            the characters that became certain with it, maybe none
    probability     what the model itself gave this token, in [0, 1]; see `generation.TokenStep`
    finish_reason   None while more follows; then "stop", "length" or "deadline"
    dropped_turns   oldest turns that did not fit into the context window
    prompt          the ids of what was read: the conversation in the template
    window_moved    whether the start of the conversation had to leave the window before this step
    seed            of the request; the same seed repeats it
    """

    text: str
    probability: float
    finish_reason: FinishReason | None
    dropped_turns: int
    prompt: list[int]
    window_moved: bool
    seed: int


class Assistant:
    """A GPT-2 fine-tuned to follow instructions. Holds no state between calls."""

    def __init__(self, model: GPT2, tokenizer: Tokenizer) -> None:
        self.model = model
        self.tokenizer = tokenizer

    @classmethod
    def from_pretrained(cls, name: str = "chat") -> Assistant:
        """The assistant of a checkpoint: a name or a path, as `checkpoint.load_model` takes it.

        Raises:
            CheckpointError: the checkpoint is missing or damaged.
        """
        return cls(*load_model(name))

    def encode(self, messages: Sequence[Message], max_new_tokens: int) -> tuple[list[int], int]:
        """What the model reads before it answers: token ids, and how many old turns had no room.

        The conversation gets what `max_new_tokens` leave of the context window, but half of it at
        least. Raises ValueError as `encode_conversation` does.
        """
        block_size = self.model.config.block_size
        budget = block_size - min(max_new_tokens, block_size // 2)
        return encode_conversation(self.tokenizer, messages, budget)

    def respond(
        self,
        instruction: str,
        input: str = "",
        *,
        max_new_tokens: int = 128,
        deadline: float | None = None,
        **sampling: Unpack[SamplingOptions],
    ) -> str:
        """The response to one instruction. Arguments as in `stream`; greedy by default."""
        steps = self.stream(
            [{"role": "user", "content": instruction, "input": input}],
            max_new_tokens=max_new_tokens,
            deadline=deadline,
            **sampling,
        )
        return "".join(step.text for step in steps).strip()

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_new_tokens: int = 128,
        deadline: float | None = None,
        source: TokenSource | None = None,
        **sampling: Unpack[SamplingOptions],
    ) -> Generator[ChatStep, None, None]:
        """The reply to a conversation, one ChatStep per token. Close it to stop the reply.

        The reply ends at `<|endoftext|>`, before a STOP that the model writes, after
        `max_new_tokens`, or when `deadline` seconds are over. See `encode` for what is read.

        Args:
            messages: oldest first, the last one the user's; see `encode_conversation`.
            max_new_tokens: 1 to 100,000.
            source: what continues the prompt in the place of the model: the engine of a server.
            sampling: the fields of `SamplingSettings`; greedy by default.

        Raises:
            ValueError: in one sentence for the user; raised by the call, not by the first step.
        """
        options: SamplingOptions = {"temperature": 0.0, **sampling}
        settings = SamplingSettings(**options)
        max_new_tokens = check_integer("max_new_tokens", max_new_tokens, 1, MAX_NEW_TOKENS)
        ids, dropped = self.encode(messages, max_new_tokens)
        steps = stream_from_ids(
            source or self.model,
            self.tokenizer,
            ids,
            settings,
            max_new_tokens,
            stop=(STOP,),
            deadline=deadline,
        )
        return _reply(steps, dropped, ids)


def _reply(
    steps: Generator[Step, None, None], dropped_turns: int, prompt: list[int]
) -> Generator[ChatStep, None, None]:
    has_begun = False
    with closing(steps):
        for step in steps:
            # The space before a response belongs to its first token: see `encode_example`.
            text = step.text if has_begun else step.text.lstrip(" ")
            has_begun = has_begun or bool(text)
            yield ChatStep(
                text=text,
                probability=step.probability,
                finish_reason=step.finish_reason,
                dropped_turns=dropped_turns,
                prompt=prompt,
                window_moved=step.window_moved,
                seed=step.seed,
            )
