from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.errors import AdapterMismatch, ModelLoadFailed, PromptTooLong, RuntimeClosed
from models.folder import ModelFolder
from models.generation import AdapterRef, Completion, Generation
from models.runtime import LocalRuntime

TEXTS = ["Ada was born in London.", "Aarhus", "The leader of Aarhus is Jacob Bundsgaard; yes."]
LONG_SYSTEM = "Answer the question with triples, one a line, and nothing else. " * 2


def ask(user: str, max_tokens: int = 12, **more: Any) -> Generation:
    return Generation(system="Answer.", user=user, max_tokens=max_tokens, **more)


@pytest.fixture(scope="module", params=["tiny_llama", "tiny_qwen", "tiny_4bit"])
def model(request: pytest.FixtureRequest) -> Path:
    return Path(request.getfixturevalue(request.param))


@pytest.fixture(scope="module")
def runtime(model: Path) -> Iterator[LocalRuntime]:
    running = LocalRuntime(ModelFolder.open(model))
    yield running
    running.close()


@pytest.fixture
def qwen(tiny_qwen: Path) -> Iterator[LocalRuntime]:
    running = LocalRuntime(ModelFolder.open(tiny_qwen))
    yield running
    running.close()


def reference(model: Path, request: Generation, adapter: Path | None = None) -> list[int]:
    """What mlx-lm itself generates."""
    from mlx_lm.generate import generate_step
    from mlx_lm.tuner.utils import load_adapters

    from models import loading, machine
    from models.prompting import render

    loaded = loading.load(ModelFolder.open(model), machine.this())
    if adapter is not None:
        load_adapters(loaded.model, str(adapter))
        loaded.model.eval()
    import mlx.core as mx

    prompt = mx.array(render(loaded.tokenizer, request.system, request.user))
    steps = generate_step(prompt, loaded.model, max_tokens=request.max_tokens)
    return [int(token) for token, _ in steps]


def close_features(one: Completion, other: Completion) -> bool:
    return all(
        math.isclose(one.features[name], other.features[name], abs_tol=1e-3)
        for name in one.features
    )


def test_it_decodes_what_mlx_lm_decodes(runtime: LocalRuntime, model: Path) -> None:
    for text in TEXTS:
        request = ask(text)
        expected = reference(model, request)
        if 2 in expected:
            expected = expected[: expected.index(2)]
        assert list(runtime.generate(request).tokens) == expected


def test_a_completion_carries_its_measurements(runtime: LocalRuntime) -> None:
    done = runtime.generate(ask("Ada"))
    assert done.output_tokens == len(done.tokens) <= 12
    assert done.finished in ("eos", "length")
    assert done.input_tokens > 5
    assert done.latency_ms > 0
    assert done.tokens_per_s > 0
    assert all(type(value) is float and math.isfinite(value) for value in done.features.values())


def test_a_batch_says_what_single_requests_say(runtime: LocalRuntime) -> None:
    requests = [ask(text, max_tokens=n) for n in (4, 12) for text in TEXTS]
    seen: list[tuple[int, int]] = []
    batched = runtime.generate_batch(
        requests, batch_size=4, progress=lambda done, of: seen.append((done, of))
    )
    for request, one in zip(requests, batched, strict=True):
        single = runtime.generate(request)
        assert (one.tokens, one.text) == (single.tokens, single.text)
        assert one.finished == single.finished
        assert close_features(one, single)
    assert seen == [(4, 6), (6, 6)]
    assert runtime.generate_batch([]) == []


def test_a_batch_shares_a_long_prefix(qwen: LocalRuntime) -> None:
    requests = [Generation(system=LONG_SYSTEM, user=text, max_tokens=8) for text in TEXTS]
    batched = qwen.generate_batch(requests)
    assert [one.tokens for one in batched] == [qwen.generate(one).tokens for one in requests]
    assert qwen.generate_batch(requests)[0].cached_tokens > 32


def test_features_are_those_of_a_teacher_forced_pass(qwen: LocalRuntime, tiny_qwen: Path) -> None:
    request = ask("Ada was born")
    done = qwen.generate(request)
    import mlx.core as mx

    from models import loading, machine
    from models.prompting import render

    loaded = loading.load(ModelFolder.open(tiny_qwen), machine.this())
    prompt = render(loaded.tokenizer, request.system, request.user)
    logits = loaded.model(mx.array([[*prompt, *done.tokens]]))[0, len(prompt) - 1 : -1]
    logprobs = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
    special = set(loaded.tokenizer.added_tokens_decoder)
    rows = [
        (row[token].item(), -(mx.exp(row) * row).sum().item(), mx.sort(row)[-2:].tolist())
        for row, token in zip(logprobs, done.tokens, strict=True)
        if token not in special
        and any(c.isalnum() or c == "\ufffd" for c in qwen_text(token, loaded))
    ]
    assert done.features["n_tokens"] == len(rows)
    assert done.features["mean_logprob"] == pytest.approx(
        sum(r[0] for r in rows) / len(rows), abs=1e-3
    )
    assert done.features["max_entropy"] == pytest.approx(max(r[1] for r in rows), abs=1e-3)
    assert done.features["min_margin"] == pytest.approx(
        min(r[2][1] - r[2][0] for r in rows), abs=1e-3
    )


def qwen_text(token: int, loaded: Any) -> str:
    return str(loaded.tokenizer.decode([token]))


@pytest.fixture(scope="module")
def taught() -> Iterator[LocalRuntime]:
    """A small base that writes triples, in the form with tags."""
    running = LocalRuntime(ModelFolder.open(Path(__file__).parent / "tiny-base"))
    yield running
    running.close()


def triples_of(*texts: str) -> list[Generation]:
    return [
        Generation(system="decompose", user=text, max_tokens=96, stop="\n\n", separator="<t>")
        for text in texts
    ]


def test_each_part_of_an_output_is_scored_by_itself(taught: LocalRuntime) -> None:
    requests = triples_of("Anna lives in Oslo and works for Siemens.", "Ada was born in London.")
    batched = taught.generate_batch(requests)
    assert sum(one.text.count("<t>") for one in batched) > len(requests)
    for one, request in zip(batched, requests, strict=True):
        assert one.text.startswith("<t>")
        assert len(one.parts) == one.text.count("<t>")
        for name, summary in (("min_margin", min), ("max_entropy", max), ("n_tokens", sum)):
            assert summary(part[name] for part in one.parts) == one.features[name]
        single = taught.generate(request)
        assert len(single.parts) == len(one.parts)
        for part, other in zip(one.parts, single.parts, strict=True):
            assert part == pytest.approx(other, abs=1e-3)


def test_an_output_of_one_piece_has_no_parts(qwen: LocalRuntime) -> None:
    assert qwen.generate(ask("Ada")).parts == ()


def test_the_least_certain_words_come_first(taught: LocalRuntime, qwen: LocalRuntime) -> None:
    [one] = taught.generate_batch(triples_of("Zorblax Quendry directs the Vellmar observatory."))
    spoken = one.text.replace("<t>", " ").replace("<r>", " ").replace("<o>", " ").split()
    entropies = [entropy for _, entropy in one.uncertain]
    assert 1 <= len(one.uncertain) <= 5
    assert {word for word, _ in one.uncertain} <= {word.strip(".,") for word in spoken}
    assert entropies == sorted(entropies, reverse=True)
    assert entropies[0] == one.features["max_entropy"]
    assert len({word for word, _ in one.uncertain}) == len(one.uncertain)
    nonsense = qwen.generate(ask("Ada", max_tokens=40))
    assert 1 <= len(nonsense.uncertain) <= 5
    assert nonsense.uncertain[0][1] == nonsense.features["max_entropy"]
    assert all(word in nonsense.text for word, _ in nonsense.uncertain)


def test_it_stops_where_the_grammar_ends(qwen: LocalRuntime) -> None:
    whole = qwen.generate(ask("Ada", max_tokens=20))
    stop = whole.text[4:6]
    assert len(stop) == 2
    cut = qwen.generate(ask("Ada", max_tokens=20, stop=stop))
    assert cut.finished == "stop"
    assert stop not in cut.text
    assert whole.text.startswith(cut.text)
    assert cut.output_tokens < whole.output_tokens


def test_a_long_prefix_is_computed_once(qwen: LocalRuntime) -> None:
    request = Generation(system=LONG_SYSTEM, user="Ada", max_tokens=8)
    first, second = qwen.generate(request), qwen.generate(request)
    assert first.cached_tokens == 0
    assert 32 <= second.cached_tokens < second.input_tokens
    assert second.tokens == first.tokens
    other = qwen.generate(Generation(system=LONG_SYSTEM, user="Babbage", max_tokens=8))
    assert other.cached_tokens == second.cached_tokens


@pytest.mark.parametrize("base", ["tiny_llama", "tiny_4bit"])
def test_adapters_are_switched_by_reference(
    base: str, request: pytest.FixtureRequest, make_adapter: Callable[..., Path], tmp_path: Path
) -> None:
    model = request.getfixturevalue(base)
    folders = [make_adapter(model, tmp_path / f"adapter-{i}", rank=4 * i, seed=i) for i in (1, 2)]
    runtime = LocalRuntime(ModelFolder.open(model))
    for folder in (None, *folders, None, *reversed(folders)):
        adapter = AdapterRef(folder.name, folder) if folder else None
        asked = ask("Ada was", adapter=adapter)
        expected = reference(model, asked, folder)
        expected = expected[: expected.index(2)] if 2 in expected else expected
        assert list(runtime.generate(asked).tokens) == expected
    runtime.close()


def test_prefixes_of_different_adapters_are_kept_apart(
    qwen: LocalRuntime, tiny_qwen: Path, make_adapter: Callable[..., Path], tmp_path: Path
) -> None:
    adapter = AdapterRef("a", make_adapter(tiny_qwen, tmp_path / "a"))
    bare = Generation(system=LONG_SYSTEM, user="Ada", max_tokens=8)
    adapted = Generation(system=LONG_SYSTEM, user="Ada", max_tokens=8, adapter=adapter)
    first = [qwen.generate(bare).tokens, qwen.generate(adapted).tokens]
    assert first[0] != first[1]
    assert [qwen.generate(bare).tokens, qwen.generate(adapted).tokens] == first


def test_an_adapter_of_another_base_is_refused_and_does_no_harm(
    qwen: LocalRuntime, make_adapter: Callable[..., Path], tiny_llama: Path, tmp_path: Path
) -> None:
    import mlx.core as mx

    folder = make_adapter(tiny_llama, tmp_path / "other")
    weights = dict(mx.load(str(folder / "adapters.safetensors")))
    name = next(name for name in weights if name.endswith("lora_a"))
    mx.save_safetensors(str(folder / "adapters.safetensors"), {**weights, name: mx.zeros((3, 4))})
    before = qwen.generate(ask("Ada")).tokens
    with pytest.raises(AdapterMismatch, match="another base"):
        qwen.generate(ask("Ada", adapter=AdapterRef("bad", folder)))
    with pytest.raises(AdapterMismatch, match=r"adapter_config\.json"):
        qwen.generate(ask("Ada", adapter=AdapterRef("none", tmp_path / "absent")))
    assert qwen.generate(ask("Ada")).tokens == before


def test_many_threads_get_the_same_answers(qwen: LocalRuntime) -> None:
    expected = {text: qwen.generate(ask(text)).tokens for text in TEXTS}
    wrong: list[str] = []

    def work() -> None:
        wrong.extend(t for t in TEXTS if qwen.generate(ask(t)).tokens != expected[t])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_prompt_that_fills_the_window_is_refused(qwen: LocalRuntime) -> None:
    with pytest.raises(PromptTooLong, match="256"):
        qwen.generate(ask("Ada was born in London. " * 60))
    with pytest.raises(PromptTooLong):
        qwen.generate_batch([ask("Ada"), ask("Ada was born in London. " * 60)])
    assert qwen.generate(ask("Ada", max_tokens=10_000)).output_tokens <= 256


def test_a_random_model_is_no_language_model(qwen: LocalRuntime) -> None:
    assert qwen.nll(TEXTS) > 5
    assert qwen.nll(TEXTS[:1] * 3) == pytest.approx(qwen.nll(TEXTS[:1]), abs=1e-3)
    assert qwen.nll([]) == 0


def test_after_closing_it_answers_no_more(tiny_qwen: Path) -> None:
    runtime = LocalRuntime(ModelFolder.open(tiny_qwen))
    runtime.close()
    runtime.close()
    with pytest.raises(RuntimeClosed):
        runtime.generate(ask("Ada"))


def test_weights_that_do_not_fit_the_config_are_a_load_error(
    tiny_qwen: Path, tmp_path: Path
) -> None:
    import shutil

    broken = Path(shutil.copytree(tiny_qwen, tmp_path / "broken"))
    (broken / "model.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(ModelLoadFailed, match="broken"):
        LocalRuntime(ModelFolder.open(broken))
