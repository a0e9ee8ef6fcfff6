"""The public API: what the tabs can do, as functions of plain values.

Each method of `Api` is an endpoint of its own name, and the tabs call the same methods. Arguments
and results are JSON values; `api_types` says what the results hold. Errors that a caller can
cause are ValueErrors of one sentence, which `boundary` turns into what a client sees.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import torch
from torch import Tensor

from gpt2_scratch.chat import Message
from gpt2_scratch.checks import check_integer, checked_ids
from gpt2_scratch.classifier import Verdict
from gpt2_scratch.demo import limits
from gpt2_scratch.demo.api_types import (
    Ablated,
    Alternative,
    AnswerToken,
    AnswerTokens,
    Attention,
    Classified,
    Explained,
    Generated,
    Induction,
    Influence,
    Inside,
    ModelInfo,
    Neuron,
    NextToken,
    Outcome,
    Reply,
    Row,
    Story,
    Token,
)
from gpt2_scratch.demo.attention_view import induction
from gpt2_scratch.demo.boundary import endpoint
from gpt2_scratch.demo.registry import GPT2_VOCABULARY, MODELS, WRITERS, Registry
from gpt2_scratch.demo.serving import AUTO, LANGUAGE_MODELS, Serving
from gpt2_scratch.generation import encode_prompt
from gpt2_scratch.insight.ablation import ablate, effects
from gpt2_scratch.insight.attention import attention_maps, induction_story
from gpt2_scratch.insight.confidence import UNSURE, answer_places, mean_probability
from gpt2_scratch.insight.inside import active_neurons, inside, side_by_side
from gpt2_scratch.insight.word_influence import word_influence
from gpt2_scratch.model import GPT2
from gpt2_scratch.sampling import SamplingSettings, next_token_table
from gpt2_scratch.vocabulary.tokenizer import Tokenizer

ENDPOINTS = (
    "generate",
    "next_token",
    "classify",
    "classify_batch",
    "word_influence",
    "chat",
    "answer_tokens",
    "attention",
    "induction",
    "inside",
    "ablate",
    "tokenize",
    "models",
)
# A browser draws 60 times a second at best, and every update costs the server more than a token of
# a small model does: text goes out at most this often, and whenever a stream ends.
UPDATE_SECONDS = 0.05
# Messages of a batch that are classified between two looks at the clock.
CLASSIFY_SLICE = 32
# The marks of the chat's template. Weights of `base` that have met it in their training may write
# it where it has no business, and the text is over then: cutting there is honest, while weighing
# their tokens down would give probabilities that are not the model's.
TEMPLATE = ("### Instruction:", "### Input:", "### Response:")
# The heads that an ablation names.
IMPORTANT = 3
# Nothing reshaped.
AS_IT_IS = SamplingSettings(temperature=1.0, top_k=0, top_p=1.0)


class Api:
    """The endpoints over one registry of models."""

    def __init__(self, registry: Registry, mode: str = AUTO) -> None:
        self.registry = registry
        self.serving = Serving(registry, mode)

    def publish(self) -> None:
        """Put the endpoints into the app that is being built."""
        for name in ENDPOINTS:
            endpoint(getattr(self, name))

    def generate(
        self,
        prompt: str,
        temperature: float = 0.8,
        top_k: int = 50,
        top_p: float = 1.0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        max_new_tokens: int = 100,
        seed: int | None = None,
        model: str = "base",
        written: list[int] | None = None,
    ) -> Iterator[Generated]:
        """Continue a text, streaming: each result holds the whole continuation so far.

        Args:
            prompt: the text to continue, at most 8,000 characters; empty: the model starts freely.
            temperature: 0 (always the most probable token) to 5; 1 is the model as it is.
            top_k: draw from the k most probable tokens only; 0: from all.
            top_p: draw from the most probable tokens that make up this share, above 0 to 1 (all).
            min_p: draw from tokens at least this times as probable as the first one; 0: from all.
            repetition_penalty: 0.5 to 2; above 1 makes tokens that were there already less likely.
            max_new_tokens: 1 to 256.
            seed: 0 to 4,294,967,295 repeats a text; null or -1: a new one, given in the result.
            model: "base", "chat", or an OpenAI model that the page has fetched, such as "gpt2".
            written: the first token_ids of the continuation, to go on from an earlier result or to
                try another token at some place; at most 256 in all.
        """
        prompt = limits.check_prompt(prompt)
        written = limits.check_written(written)
        max_new_tokens = min(limits.check_new_tokens(max_new_tokens), limits.check_room(written))
        limits.check_choice(model, "model", WRITERS)
        settings = SamplingSettings(
            temperature, top_k, top_p, min_p, repetition_penalty, any_seed(seed)
        ).resolved()
        assert settings.seed is not None
        guarded = model == "base" and "###" not in prompt  # who writes the template wants it
        stop = TEMPLATE if guarded else ()
        steps = self.serving.generate(model, prompt, settings, max_new_tokens, stop, written)
        result = Generated(
            text="",
            finish_reason=None,
            tokens=0,
            token_ids=written,
            tokens_per_second=0.0,
            time_to_first_token=0.0,
            seed=settings.seed,
            window_moved=False,
            model=model,
        )
        start = time.perf_counter()
        first = shown = start
        with closing(steps):
            for step in steps:
                now = time.perf_counter()
                result["tokens"] += 1
                result["token_ids"] = [*result["token_ids"], step.token_id]
                result["text"] += step.text
                result["finish_reason"] = step.finish_reason
                if step.finish_reason == "stop" and stop:
                    result["token_ids"] = self._as_shown(model, result)
                result["window_moved"] |= step.window_moved
                if result["tokens"] == 1:
                    first = now
                    result["time_to_first_token"] = round(first - start, 4)
                else:
                    result["tokens_per_second"] = round((result["tokens"] - 1) / (now - first), 1)
                if result["tokens"] == 1 or step.finish_reason or now - shown >= UPDATE_SECONDS:
                    shown = now
                    yield result.copy()

    def _as_shown(self, model: str, result: Generated) -> list[int]:
        """The ids without those of a stop string, which the text does not have."""
        _, tokenizer = self.registry.language_model(model)
        ids, shown = result["token_ids"], len(result["text"])
        if ids[-1] != tokenizer.eot_id:
            while len(tokenizer.decode(ids)) > shown:
                ids = ids[:-1]
        return ids

    def next_token(
        self,
        prompt: str,
        temperature: float = 0.8,
        top_k: int = 50,
        top_p: float = 1.0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        rows: int = 10,
        model: str = "base",
        written: list[int] | None = None,
    ) -> list[NextToken]:
        """The most probable next tokens, before and after the settings; nothing is generated.

        Args:
            prompt: the text to continue, at most 8,000 characters; the model sees its tail.
            temperature: 0 to 5.
            top_k: 0 is off.
            top_p: above 0 to 1; 1 is off.
            min_p: 0 to 1; 0 is off.
            repetition_penalty: 0.5 to 2; 1 is off.
            rows: how many tokens, 1 to 50.
            model: "base", "chat", or an OpenAI model that the page has fetched, such as "gpt2".
            written: token_ids of a continuation, after which to look; at most 256.
        """
        prompt = limits.check_prompt(prompt)
        written = limits.check_written(written)
        rows = check_integer("rows", rows, 1, limits.NEXT_TOKEN_ROWS)
        limits.check_choice(model, "model", WRITERS)
        settings = SamplingSettings(temperature, top_k, top_p, min_p, repetition_penalty)
        gpt, tokenizer = self.registry.language_model(model)
        ids = checked_ids([*encode_prompt(tokenizer, prompt), *written], tokenizer.vocab_size)
        ids = ids[-gpt.config.block_size :]
        with torch.inference_mode():
            logits = gpt(torch.tensor([ids]))[0, -1]  # (1, T) -> (1, 1, V) -> (V,)
        return _next_tokens(tokenizer, logits, settings, rows, ids)

    def classify(self, message: str) -> Classified:
        """Is this text message spam?

        Args:
            message: 1 to 1,000 characters. The model has learned from English SMS.
        """
        classifier = self.registry.classifier()
        [verdict] = classifier.predict_batch([limits.check_message(message)])
        return _classified(verdict, classifier.threshold)

    def classify_batch(self, messages: list[str]) -> list[Row]:
        """Verdicts for a list of text messages, in their order.

        A message that cannot be read has a problem in the place of a verdict, and so has one for
        which 30 seconds were not enough; the other verdicts stand.

        Args:
            messages: 1 to 500 messages of 1 to 1,000 characters.
        """
        return [row for part in self.classify_slices(messages) for row in part]

    def classify_slices(self, messages: object) -> Iterator[list[Row]]:
        """`classify_batch` in slices, for a progress bar."""
        rows = limits.check_batch(messages)
        classifier = self.registry.classifier()
        ends_at = time.monotonic() + limits.DEADLINE_SECONDS
        late = ValueError(f"{limits.DEADLINE_SECONDS:g} seconds were over before it: send it anew.")
        for start in range(0, len(rows), CLASSIFY_SLICE):
            part = rows[start : start + CLASSIFY_SLICE]
            if start and time.monotonic() > ends_at:
                part = [late if isinstance(row, str) else row for row in part]
            verdicts = iter(classifier.predict_batch([row for row in part if isinstance(row, str)]))
            yield [
                Row(**_classified(next(verdicts), classifier.threshold), problem=None)
                if isinstance(row, str)
                else Row(
                    label=None,
                    spam_probability=None,
                    threshold=classifier.threshold,
                    truncated=False,
                    problem=str(row),
                )
                for row in part
            ]

    def word_influence(self, message: str) -> Explained:
        """Is this text message spam, and which of its words say so?

        By leave-one-out: each word is left out in turn, and the classifier is asked again.

        Args:
            message: 1 to 1,000 characters.
        """
        message = limits.check_message(message)
        classifier = self.registry.classifier()
        verdict, spans = word_influence(classifier, message, limits.INFLUENCE_SPANS)
        return Explained(
            **_classified(verdict, classifier.threshold),
            words=[
                Influence(
                    text=span.text,
                    influence=round(span.influence, 4),
                    spam_probability_without=(
                        None
                        if span.spam_probability_without is None
                        else round(span.spam_probability_without, 6)
                    ),
                )
                for span in spans
            ],
        )

    def chat(
        self,
        messages: list[dict[str, Any]] | str,
        temperature: float = 0.0,
        top_k: int = 50,
        top_p: float = 1.0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        max_new_tokens: int = 128,
        seed: int | None = None,
    ) -> Iterator[str]:
        """Answer a conversation, streaming: each result is the whole reply so far.

        The server keeps nothing: send the earlier messages along with each new one.

        Args:
            messages: a text, or a list of {"role": "user" or "assistant", "content": text} that
                ends with the user's, which may have an "input" text, the material to work on; at
                most 100 messages of 4,000 characters, 32,000 in all. Turns that do not fit into
                the context window are dropped, the oldest first.
            temperature: 0 (always the most probable token) to 5.
            top_k: 0 is off.
            top_p: above 0 to 1; 1 is off.
            min_p: 0 to 1; 0 is off.
            repetition_penalty: 0.5 to 2; 1 is off.
            max_new_tokens: 1 to 256.
            seed: 0 to 4,294,967,295; null or -1: a new one.
        """
        conversation = limits.check_conversation(messages)
        settings = SamplingSettings(
            temperature, top_k, top_p, min_p, repetition_penalty, any_seed(seed)
        )
        for reply in self.chat_steps(conversation, settings, max_new_tokens):
            yield reply["text"]

    def answer_tokens(
        self, messages: list[dict[str, Any]] | str, answer: str, rows: int = 5
    ) -> AnswerTokens:
        """How sure the model is of each token of an answer, which need not be its own.

        Args:
            messages: what is answered, as in /chat.
            answer: 1 to 4,000 characters; what does not fit beside the conversation is cut.
            rows: how many alternatives of each token, 1 to 50.
        """
        conversation = limits.check_conversation(messages)
        answer = limits.check_text(answer, "answer", limits.CHAT_MESSAGE_CHARS)
        rows = check_integer("rows", rows, 1, limits.NEXT_TOKEN_ROWS)
        assistant = self.registry.assistant()
        places = answer_places(assistant, conversation, answer, rows)
        text = assistant.tokenizer.token_text
        return AnswerTokens(
            mean_probability=round(mean_probability([each.probability for each in places]), 4),
            unsure_below=UNSURE,
            tokens=[
                AnswerToken(
                    token=text(place.token_id),
                    probability=round(place.probability, 6),
                    rank=place.rank,
                    alternatives=[
                        Alternative(token=text(token_id), probability=round(probability, 6))
                        for token_id, probability in place.alternatives
                    ],
                )
                for place in places
            ],
        )

    def chat_steps(
        self, conversation: list[Message], settings: SamplingSettings, max_new_tokens: int
    ) -> Iterator[Reply]:
        """`chat` with what the page shows beside the text, for a conversation that was checked."""
        max_new_tokens = limits.check_new_tokens(max_new_tokens)
        assistant = self.registry.assistant()
        prompt, text, shown = "", "", 0.0
        probabilities: list[float] = []
        steps = self.serving.chat(conversation, settings, max_new_tokens)
        with closing(steps):
            for tokens, step in enumerate(steps, start=1):
                prompt = prompt or assistant.tokenizer.decode(step.prompt)  # the same in each step
                text += step.text
                probabilities.append(step.probability)
                now = time.perf_counter()
                if step.finish_reason or now - shown >= UPDATE_SECONDS:
                    shown = now
                    yield Reply(
                        text=text,
                        dropped_turns=step.dropped_turns,
                        prompt=prompt,
                        prompt_tokens=len(step.prompt),
                        tokens=tokens,
                        mean_probability=mean_probability(probabilities),
                        window=assistant.model.config.block_size,
                        finish_reason=step.finish_reason,
                    )

    def attention(
        self,
        text: str,
        model: str = "base",
        layer: int | None = None,
        head: int | None = None,
    ) -> Attention:
        """What each attention head looks at while the model reads a text.

        Args:
            text: 1 to 64 tokens of it.
            model: "base", "chat" or "spam".
            layer: one layer, counted from 0; null: all.
            head: one head, counted from 0; null: all.
        """
        text = limits.check_text(text, "text", limits.ATTENTION_CHARS)
        limits.check_choice(model, "model", MODELS)
        gpt, tokenizer = self.registry.language_model(model)
        n_layer, n_head = gpt.config.n_layer, gpt.config.n_head
        layers = _selected("layer", layer, n_layer)
        heads = _selected("head", head, n_head)
        maps = attention_maps(gpt, tokenizer, text, max_tokens=limits.ATTENTION_TOKENS)
        weights = maps.weights[layers][:, heads]  # (n_layer, n_head, T, T) -> (L, H, T, T)
        return Attention(
            model=model,
            tokens=maps.tokens,
            token_ids=maps.token_ids,
            n_layer=n_layer,
            n_head=n_head,
            layers=layers,
            heads=heads,
            # float64 before rounding: 0.1 as a float32 would print 0.10000000149011612
            weights=weights.astype("float64").round(4).tolist(),
        )

    def induction(self, text: str, model: str = "base") -> Induction:
        """Which heads are induction heads, and where a text shows one at work.

        Args:
            text: 1 to 64 tokens of it.
            model: "base", "chat" or "spam".
        """
        text = limits.check_text(text, "text", limits.ATTENTION_CHARS)
        limits.check_choice(model, "model", MODELS)
        gpt, tokenizer = self.registry.language_model(model)
        maps = attention_maps(gpt, tokenizer, text, max_tokens=limits.ATTENTION_TOKENS)
        scores = induction(gpt)
        story = induction_story(maps.token_ids, maps.weights, scores)
        return Induction(
            model=model,
            tokens=maps.tokens,
            scores=scores.astype("float64").round(4).tolist(),
            story=None
            if story is None
            else Story(
                layer=story.layer,
                head=story.head,
                reader=story.reader,
                first=story.first,
                read=story.first + 1,
                share=round(story.share, 4),
            ),
        )

    def inside(
        self,
        text: str,
        layer: int = 0,
        head: int = 0,
        position: int | None = None,
        temperature: float = 0.8,
        top_k: int = 50,
        top_p: float = 1.0,
        rows: int = 10,
        model: str = "base",
    ) -> Inside:
        """How a prediction comes about: every stage of one forward pass, with its numbers.

        Vectors are those of one position, matrices those of one head: everything of a text of 32
        tokens would be 5 MB.

        Args:
            text: 1 to 32 tokens of it.
            layer: which layer, counted from 0.
            head: which head of that layer, counted from 0.
            position: which token, counted from 0; null: the last one.
            temperature: 0 to 5, for the next tokens, as in /next_token.
            top_k: 0 is off.
            top_p: above 0 to 1; 1 is off.
            rows: how many next tokens, 1 to 50.
            model: "base" or "chat".
        """
        gpt, tokenizer, ids = self.read(text, model)
        layer = check_integer("layer", layer, 0, gpt.config.n_layer - 1)
        head = check_integer("head", head, 0, gpt.config.n_head - 1)
        last = len(ids) - 1
        position = check_integer("position", last if position is None else position, 0, last)
        rows = check_integer("rows", rows, 1, limits.NEXT_TOKEN_ROWS)
        settings = SamplingSettings(temperature, top_k, top_p)
        stages = inside(gpt, ids)
        block = stages.blocks[layer]
        attention = block.attention
        vectors = {
            "token_embedding": stages.token_embeddings,
            "position_embedding": stages.position_embeddings,
            "stream": block.stream,
            "ln_1": block.ln_1,
            "heads": side_by_side(attention.heads[None])[0],  # (nh, T, hs) -> (1, T, C) -> (T, C)
            "projection": block.projection,
            "after_attention": block.after_attention,
            "ln_2": block.ln_2,
            "mlp": block.mlp,
            "after_mlp": block.after_mlp,
            "ln_f": stages.ln_f,
        }
        matrices = {
            "queries": attention.queries,
            "keys": attention.keys,
            "values": attention.values,
            "scores": attention.scores,
            "weights": attention.weights,
            "result": attention.heads,
        }
        neurons = active_neurons(gpt, layer, block.neurons[[position]])[0]  # of (1, 4C)
        return Inside(
            model=model,
            tokens=_tokens(tokenizer, ids),
            n_layer=gpt.config.n_layer,
            n_head=gpt.config.n_head,
            layer=layer,
            head=head,
            position=position,
            vectors={name: _rounded(stage[position]) for name, stage in vectors.items()},
            matrices={name: _rounded(stage[head]) for name, stage in matrices.items()},
            neurons=[
                Neuron(
                    index=neuron.index,
                    activation=round(neuron.activation, 4),
                    tokens=[tokenizer.token_text(i) for i in neuron.token_ids],
                )
                for neuron in neurons
            ],
            next_tokens=_next_tokens(tokenizer, stages.logits[position], settings, rows),
        )

    def ablate(
        self,
        text: str,
        heads: list[list[int]] | None = None,
        layers: list[int] | None = None,
        new_tokens: int = 10,
        rows: int = 10,
        model: str = "base",
    ) -> Ablated:
        """What a prediction owes to single heads and layers: they are switched off, and it changes.

        Args:
            text: 1 to 32 tokens of it.
            heads: which to switch off, a list of [layer, head], counted from 0; null: none.
            layers: which to skip, a list of numbers from 0; null: none.
            new_tokens: how long the two continuations are, 0 to 20.
            rows: how many next tokens, 1 to 50.
            model: "base" or "chat".
        """
        result, _ = self.ablation(text, heads or [], layers or [], new_tokens, rows, model)
        return result

    def ablation(
        self,
        text: object,
        heads: object,
        layers: object,
        new_tokens: object,
        rows: object,
        model: str,
    ) -> tuple[Ablated, list[list[int]]]:
        """`ablate`, and the heads that were off: None stands for the one that matters most."""
        gpt, tokenizer, ids = self.read(text, model)
        new_tokens = check_integer("new_tokens", new_tokens, 0, limits.ABLATION_TOKENS)
        rows = check_integer("rows", rows, 1, limits.NEXT_TOKEN_ROWS)
        n_layer, n_head = gpt.config.n_layer, gpt.config.n_head
        found = effects(gpt, ids) if n_layer * n_head <= limits.ABLATED_HEADS else None
        important: list[list[int]] = []
        if found:
            order = found.heads.flatten().argsort()[:IMPORTANT]  # (n_layer, n_head) -> (n,)
            important = [[*divmod(i, n_head)] for i in order.tolist()]
        off = limits.check_heads(important[:1] if heads is None else heads)
        outcomes = ablate(gpt, ids, off, limits.check_layers(layers), new_tokens)
        untouched, ablated = (
            Outcome(
                next_tokens=_next_tokens(tokenizer, outcome.logits, AS_IT_IS, rows),
                continuation=tokenizer.decode(outcome.token_ids),
            )
            for outcome in outcomes
        )
        log_probability = float(outcomes[0].logits.log_softmax(dim=-1).max())
        result = Ablated(
            model=model,
            predicted=untouched["next_tokens"][0]["token"],
            log_probability=round(log_probability, 4),
            effects=_rounded(found.heads) if found else None,
            layer_effects=_rounded(found.layers) if found else None,
            most_important=important,
            untouched=untouched,
            ablated=ablated,
        )
        return result, [list(pair) for pair in off]

    def read(self, text: object, model: str) -> tuple[GPT2, Tokenizer, list[int]]:
        """A model that writes, and the tokens of a text that is to be seen inside it."""
        text = limits.check_text(text, "text", limits.INSIDE_CHARS)
        limits.check_choice(model, "model", LANGUAGE_MODELS)
        gpt, tokenizer = self.registry.language_model(model)
        ids = encode_prompt(tokenizer, text)
        limits.check_token_count(ids, limits.INSIDE_TOKENS)
        return gpt, tokenizer, ids

    def tokenize(self, text: str, model: str = "base") -> list[Token]:
        """How a model's tokenizer cuts a text: into the tokens that the model reads.

        Args:
            text: at most 8,000 characters.
            model: "base", "chat", "spam", or "gpt2", whose vocabulary is here without its weights.
        """
        text = limits.check_text(text, "text", limits.TOKENIZE_CHARS, allow_empty=True)
        limits.check_choice(model, "model", (*MODELS, GPT2_VOCABULARY))
        tokenizer = self.registry.tokenizer(model)
        return _tokens(tokenizer, tokenizer.encode_typed(text))

    def models(self) -> list[ModelInfo]:
        """The models of this app: what they are, and why one is unavailable."""
        return [self._model_info(name) for name in MODELS]

    def _model_info(self, name: str) -> ModelInfo:
        info = ModelInfo(
            name=name,
            source=self.registry.source(name),
            available=False,
            problem=self.registry.problem(name),
            parameters=None,
            config=None,
            tokenizer=None,
            mode=None,
            compiled=False,
        )
        if info["problem"] is None:
            gpt, tokenizer = self.registry.language_model(name)
            info["available"] = True
            info["parameters"] = gpt.num_parameters()
            info["config"] = gpt.config.to_dict()
            info["tokenizer"] = tokenizer.name
            if name in LANGUAGE_MODELS:
                served = self.serving.served(name)
                info["mode"], info["compiled"] = served.mode, served.compiled
        return info


def _tokens(tokenizer: Tokenizer, ids: list[int]) -> list[Token]:
    return [
        Token(
            token=tokenizer.token_text(token_id),
            token_id=token_id,
            bytes=tokenizer.token_bytes(token_id).hex(),
        )
        for token_id in ids
    ]


def _next_tokens(
    tokenizer: Tokenizer,
    logits: Tensor,
    settings: SamplingSettings,
    rows: int,
    previous_ids: list[int] | None = None,
) -> list[NextToken]:
    """The rows of the next-token table, for the logits (V,) of one position."""
    return [
        NextToken(
            token=tokenizer.token_text(candidate.token_id),
            token_id=candidate.token_id,
            probability=round(candidate.probability, 6),
            reshaped_probability=round(candidate.reshaped_probability, 6),
            logit=round(candidate.logit, 4),
        )
        for candidate in next_token_table(logits, settings, rows, previous_ids)
    ]


def _rounded(tensor: Tensor) -> Any:
    """Nested lists. float64 before rounding: 0.1 as a float32 would print 0.10000000149011612."""
    return tensor.double().numpy().round(4).tolist()


def _classified(verdict: Verdict, threshold: float) -> Classified:
    return Classified(
        label=verdict.label,
        spam_probability=round(verdict.spam_probability, 6),
        threshold=threshold,
        truncated=verdict.truncated,
    )


def any_seed(seed: int | None) -> int | None:
    """-1 says "any" as null does: a number field that is left alone sends what it can."""
    return None if seed == -1 else seed


def _selected(what: str, index: int | None, count: int) -> list[int]:
    return list(range(count)) if index is None else [check_integer(what, index, 0, count - 1)]
