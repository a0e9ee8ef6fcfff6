"""What the endpoints answer: JSON objects, and what each of their fields means.

The table of fields in README.md beside this file is written from these docstrings.
"""

from __future__ import annotations

from typing import Any, TypedDict


class Generated(TypedDict):
    """One state of a growing continuation; the last one has a finish_reason.

    text                 the continuation so far, without the prompt
    finish_reason        null while more follows, then "stop" (end of text), "length"
                         (max_new_tokens reached) or "deadline" (30 seconds are over)
    tokens               generated so far
    token_ids            of these tokens; the end-of-text token is the last one where it was drawn
    tokens_per_second    after the first token, which waits for the prompt to be read; 0 at first
    time_to_first_token  seconds from the start of the work, not from the start of the queue
    seed                 of this text: with the same settings it gives the same text again
    window_moved         whether old tokens had to leave the context window
    model                that wrote it
    """

    text: str
    finish_reason: str | None
    tokens: int
    token_ids: list[int]
    tokens_per_second: float
    time_to_first_token: float
    seed: int
    window_moved: bool
    model: str


class NextToken(TypedDict):
    """One row of the next-token table.

    token                 its text; bytes that are no whole character are shown as \\xe2
    token_id              in the model's vocabulary
    probability           the model's own, 0 to 1
    reshaped_probability  after penalty, temperature and filters; 0: cannot be drawn
    logit                 the model's raw score
    """

    token: str
    token_id: int
    probability: float
    reshaped_probability: float
    logit: float


class Classified(TypedDict):
    """A verdict on one message.

    label             "ham" or "spam"
    spam_probability  0 to 1
    threshold         the spam probability from which the label is "spam"
    truncated         whether the message was too long and its end was not read
    """

    label: str
    spam_probability: float
    threshold: float
    truncated: bool


class Row(TypedDict):
    """The verdict on one message of a batch, as in `Classified`.

    problem  why there is none: the message cannot be read, or 30 seconds were over before its turn;
             then label and spam_probability are null
    """

    label: str | None
    spam_probability: float | None
    threshold: float
    truncated: bool
    problem: str | None


class Influence(TypedDict):
    """What one word did to a verdict; in a message of more than 60 words, one run of words.

    text                      as it stands in the message, with the white space behind it
    influence                 how much it raises the log-odds of spam: above 0 it speaks for spam,
                              below 0 for ham
    spam_probability_without  of the message without it, 0 to 1; null if nothing is left
    """

    text: str
    influence: float
    spam_probability_without: float | None


class Explained(Classified):
    """A verdict on one message, and what each of its words did to it.

    words  their texts, joined, are the message
    """

    words: list[Influence]


class Alternative(TypedDict):
    """A token that might have stood in a place.

    token        its text for display
    probability  the model's own, 0 to 1
    """

    token: str
    probability: float


class AnswerToken(TypedDict):
    """One token of an answer, and what else it might have been.

    token         its text for display; the last one ends the text
    probability   the model's own, 0 to 1
    rank          1 for the most probable one
    alternatives  the most probable ones
    """

    token: str
    probability: float
    rank: int
    alternatives: list[Alternative]


class AnswerTokens(TypedDict):
    """How sure the model is of an answer.

    mean_probability  of its tokens, 0 to 1
    unsure_below      an answer with less is likely to be wrong: `train.evaluate chat` measures how
                      often
    tokens            of the answer, one by one
    """

    mean_probability: float
    unsure_below: float
    tokens: list[AnswerToken]


class Attention(TypedDict):
    """Attention weights of one text.

    model              that read it
    tokens, token_ids  T of each
    n_layer, n_head    of the model
    layers, heads      which of them `weights` holds, counted from 0
    weights            [layer][head][from][to], each row sums to 1, rounded to 4 digits
    """

    model: str
    tokens: list[str]
    token_ids: list[int]
    n_layer: int
    n_head: int
    layers: list[int]
    heads: list[int]
    weights: list[list[list[list[float]]]]


class Story(TypedDict):
    """A token that was there before, and a head that looks at what followed it then.

    layer, head  counted from 0
    reader       the position of the token that looks
    first        the position where the same token stood before
    read         the position that is looked at, first + 1
    share        of the reader's attention that goes there, 0 to 1
    """

    layer: int
    head: int
    reader: int
    first: int
    read: int
    share: float


class Induction(TypedDict):
    """Which heads go on with what they have seen once, and where a text shows it.

    model   that read it
    tokens  T texts
    scores  [layer][head]: on random tokens that are read twice, the share of attention that goes
            to what came next the first time
    story   the best place of this text; null if no token comes twice, or no head looks there
    """

    model: str
    tokens: list[str]
    scores: list[list[float]]
    story: Story | None


class Token(TypedDict):
    """One token of a text.

    token     its text for display
    token_id  in the model's vocabulary
    bytes     in hexadecimal
    """

    token: str
    token_id: int
    bytes: str


class Neuron(TypedDict):
    """One neuron of an MLP at one position.

    index       which of the 4 n_embd
    activation  its value after GELU
    tokens      whose logits its output raises most
    """

    index: int
    activation: float
    tokens: list[str]


class Inside(TypedDict):
    """One prediction from the inside: a forward pass, stage by stage, rounded to 4 digits.

    model                  that read it
    tokens                 T of them
    n_layer, n_head        of the model
    layer, head, position  what the numbers belong to, counted from 0
    vectors                of this position, n_embd numbers each, in the order in which they are
                           computed: token_embedding, position_embedding, stream (what enters the
                           layer), ln_1, heads (all heads' results side by side), projection,
                           after_attention, ln_2, mlp, after_mlp, ln_f
    matrices               of this head, T rows each: queries, keys, values; scores and weights,
                           [from][to], where a score above the diagonal is what the mask hides;
                           result, the values averaged with these weights
    neurons                of this layer's MLP that are most active at this position
    next_tokens            the most probable tokens to follow this position
    """

    model: str
    tokens: list[Token]
    n_layer: int
    n_head: int
    layer: int
    head: int
    position: int
    vectors: dict[str, list[float]]
    matrices: dict[str, list[list[float]]]
    neurons: list[Neuron]
    next_tokens: list[NextToken]


class Outcome(TypedDict):
    """What a model says next.

    next_tokens   the most probable ones; reshaped_probability is probability here
    continuation  greedy: always the most probable token
    """

    next_tokens: list[NextToken]
    continuation: str


class Ablated(TypedDict):
    """A model as it is, and with parts switched off.

    model               that read it
    predicted           the token that the untouched model finds most probable
    log_probability     of it, in nats
    effects             [layer][head]: how much that falls (below 0) or rises when this head alone
                        is off; null for a model of more than 144 heads
    layer_effects       [layer]: the same when this layer alone is skipped; null likewise
    most_important      the heads whose absence costs most, [layer, head] each, the first first
    untouched, ablated  what the model says next, with everything on and with the parts off
    """

    model: str
    predicted: str
    log_probability: float
    effects: list[list[float]] | None
    layer_effects: list[float] | None
    most_important: list[list[int]]
    untouched: Outcome
    ablated: Outcome


class ModelInfo(TypedDict):
    """One model of this app.

    name        what the argument `model` takes
    source      what was loaded under this name
    available   whether it can be used
    problem     if not, why, and which command helps
    parameters  how many trained numbers; null if unavailable, and so are config and tokenizer
    config      vocab_size, block_size (the context window in tokens), n_layer, n_head, n_embd, ...
    tokenizer   the name of its vocabulary
    mode        how its weights are stored while it writes: fp32, fp16, int8 or int4; null for a
                model that does not write
    compiled    whether it writes by the compiled kernels, not by PyTorch's operators
    """

    name: str
    source: str
    available: bool
    problem: str | None
    parameters: int | None
    config: dict[str, Any] | None
    tokenizer: str | None
    mode: str | None
    compiled: bool


class Reply(TypedDict):
    """One state of a growing reply.

    dropped_turns     how many old turns the context window had no room for
    prompt            the text that the model reads, special tokens and all: `prompt_tokens` of them
    tokens            of the reply
    mean_probability  of these tokens, as the model itself gave it
    window            size of the context window in tokens
    """

    text: str
    dropped_turns: int
    prompt: str
    prompt_tokens: int
    tokens: int
    mean_probability: float
    window: int
    finish_reason: str | None
