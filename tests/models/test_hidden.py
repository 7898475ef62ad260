from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.folder import ModelFolder
from models.generation import Completion, Generation, Hidden
from models.runtime import LocalRuntime

TINY = Path(__file__).parent / "tiny-base"
SYSTEM = "decompose: write the facts of the text, one per line, and nothing else besides. " * 2
TEXTS = [
    "Ada Lovelace was born in London.",
    "Aarhus",
    "The leader of Aarhus is Jacob Bundsgaard; the city lies in Denmark and has a harbour.",
]


@pytest.fixture(scope="module", params=["tiny_base", "tiny_qwen"])
def model(request: pytest.FixtureRequest) -> Path:
    """One whose prompt is run whole, and one whose system prompt comes out of the cache."""
    return TINY if request.param == "tiny_base" else Path(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def runtime(model: Path) -> Iterator[LocalRuntime]:
    running = LocalRuntime(ModelFolder.open(model))
    running.generate(ask("warm", tokens=2))
    yield running
    running.close()


def ask(text: str, tokens: int = 16, hidden: bool = False) -> Generation:
    return Generation(
        system=SYSTEM, user=text, max_tokens=tokens, separator="<t>", stop="\n\n", hidden=hidden
    )


def said(completion: Completion) -> Completion:
    """All but what differs from run to run."""
    return replace(completion, latency_ms=0.0, tokens_per_s=0.0, hidden=None)


def near(one: Hidden | None, other: Hidden | None) -> bool:
    assert one is not None
    assert other is not None
    return one.answer == pytest.approx(other.answer, abs=1e-3) and one.input == pytest.approx(
        other.input, abs=1e-3
    )


def test_looking_changes_nothing_that_is_said(runtime: LocalRuntime) -> None:
    plain = [ask(text) for text in TEXTS]
    looked = [ask(text, hidden=True) for text in TEXTS]
    for before, after in zip(plain, looked, strict=True):
        seen = runtime.generate(after)
        assert said(seen) == said(runtime.generate(before))
        assert seen.hidden is not None
    batches = [[said(one) for one in runtime.generate_batch(r)] for r in (plain, looked)]
    assert batches[0] == batches[1]
    assert runtime.generate(plain[0]).hidden is None


def test_a_batch_sees_what_single_requests_see(runtime: LocalRuntime) -> None:
    """Rows end at different steps, so that finished ones are dropped on the way."""
    asked = [ask(text, tokens, hidden=True) for tokens in (3, 16) for text in TEXTS]
    for request, one in zip(asked, runtime.generate_batch(asked), strict=True):
        assert near(one.hidden, runtime.generate(request).hidden)


def test_only_what_was_asked_for_is_handed_out(runtime: LocalRuntime) -> None:
    first, second = runtime.generate_batch([ask(TEXTS[0]), ask(TEXTS[2], hidden=True)])
    assert first.hidden is None
    assert near(second.hidden, runtime.generate(ask(TEXTS[2], hidden=True)).hidden)


def test_states_are_those_of_a_teacher_forced_pass(runtime: LocalRuntime, model: Path) -> None:
    import mlx.core as mx
    from mlx_lm.models.base import create_attention_mask

    from models import loading, machine
    from models.prompting import Prompter

    request = ask(TEXTS[2], hidden=True)
    done = runtime.generate(request)
    assert done.hidden is not None
    loaded = loading.load(ModelFolder.open(model), machine.this())
    prompt = Prompter(loaded.tokenizer).prompt(request.system, request.user)
    inner: Any = loaded.model.model
    states = inner.embed_tokens(mx.array([[*prompt.ids, *done.tokens]]))
    mask = create_attention_mask(states, None)
    for layer in inner.layers[: len(inner.layers) // 2 + 1]:
        states = layer(states, mask, cache=None)
    before, own = len(prompt.ids), len(prompt.rest)
    values = [
        before + i
        for i, token in enumerate(done.tokens)
        if token not in loaded.tokenizer.added_tokens_decoder
        and any(c.isalnum() or c == "\ufffd" for c in loaded.tokenizer.decode([token]))
    ]
    assert values
    answer = states[0, mx.array(values)].mean(axis=0).tolist()
    asked = states[0, before - own : before].mean(axis=0).tolist()
    assert near(done.hidden, Hidden(answer, asked))


@pytest.mark.parametrize("whole", [True, False])
def test_the_layer_is_found_wherever_it_is_held_and_put_back(whole: bool) -> None:
    import mlx.core as mx
    from mlx import nn

    from models.errors import ModelError
    from models.hidden import tapped

    class Layer(nn.Module):
        kind = "doubling"

        def __call__(self, x: mx.array) -> tuple[mx.array, str]:
            return 2 * x, "and more"

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [Layer() for _ in range(3)]

        @property
        def layers(self) -> list[Layer]:
            return list(self.blocks) if whole else [Layer()]

        def __call__(self, x: mx.array) -> mx.array:
            for block in self.blocks:
                assert block.kind == "doubling"
                x, _ = block(x)
            return x

    model = Model()
    before = list(model.blocks)
    if whole:
        with tapped(model, lambda: [7]) as steps:
            assert model(mx.array([[[1.0]]])).item() == 8.0
        [(rows, states)] = steps
        assert (rows, states.item()) == ([7], 4.0)
    else:
        with pytest.raises(ModelError, match="no list of layers"), tapped(model, list):
            raise AssertionError
    assert all(a is b for a, b in zip(before, model.blocks, strict=True))
