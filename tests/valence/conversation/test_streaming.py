"""A frontier's answer is heard while it is written, and counts only once it is accepted."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import stamina

from store.ledger import Call
from tests.loopback import Fault, LoopbackFrontier
from tests.valence.conftest import ScriptedLocal
from valence.app import Valence
from valence.boundaries import get
from valence.conversation import revising
from valence.conversation.reply import Reply
from valence.conversation.revising import Stopped
from valence.conversation.speaking import UNKNOWN

TELL = "Ada Lovelace was born in London."
ASK = "Where was Ada Lovelace born?"
DRAFT = "As far as I can see from here she must have been born somewhere in London."
SAID = "It is told that Ada Lovelace was born in the city of London, and nowhere else."
FROGS = "If herons hesitate at dawn, frogs rejoice quietly."
WHY = "Why do frogs rejoice at dawn?"

Open = Callable[..., Valence]
pytestmark = pytest.mark.usefixtures("no_waiting")


@dataclass
class Listener:
    """Keeps all that is told in a turn; `shown` is what stands on the screen of one who looks."""

    events: list[tuple[str, str]] = field(default_factory=list)
    shown: str = ""
    on_words: Callable[[str], Any] = lambda shown: None

    def __call__(self, name: str, state: dict[str, Any]) -> None:
        self.events.append((name, state.get("text", "")))
        if name == "words":
            self.shown += state["text"]
            self.on_words(self.shown)
        elif name in ("unsaid", "said"):
            assert name == "unsaid" or state["text"] == self.shown
            self.shown = ""

    @property
    def told(self) -> list[tuple[str, str]]:
        """What was told of the answer, and not of the steps to it."""
        return [event for event in self.events if event[0] in ("words", "unsaid", "said")]


@dataclass
class Frontier:
    """What the frontier says; facts otherwise than at last as often as there are `drafts`."""

    said: dict[str, Any] = field(default_factory=lambda: {"text": SAID})
    read: dict[str, Any] = field(default_factory=dict)
    drafts: list[str] = field(default_factory=list)

    def __call__(self, user: str, body: dict[str, Any]) -> dict[str, Any] | str:
        if '"finds"' in user:
            return self.read
        if user.startswith("{"):
            return {"text": self.drafts.pop(0)} if self.drafts else self.said
        return {"triples": [["Ada Lovelace", "birthPlace", "London"]]}


@pytest.fixture
def server() -> Iterator[LoopbackFrontier]:
    with LoopbackFrontier(Frontier()) as running:
        yield running


def opened(open_app: Open, server: LoopbackFrontier, *told: str, **settings: Any) -> Valence:
    """An application with this frontier, which has been told some things."""
    frontier = {
        "provider": "anthropic",
        "model": "claude-opus-4-8",
        "base_url": server.base_url,
        "timeout_s": 20,
    }
    app = open_app(frontier=frontier | settings.pop("frontier", {}), **settings)
    for text in told:
        app.assistant.ask(text)
    server.requests.clear()
    return app


def ask(app: Valence, text: str, listen: Listener) -> Reply:
    return revising.ask(app, text, None, listen)


def newest(app: Valence) -> Call:
    """The last call, with its attempts."""
    return app.stores.ledger.get(app.stores.ledger.list(limit=1)[0].id)


def test_words_are_heard_before_the_server_has_sent_the_last(
    open_app: Open, server: LoopbackFrontier
) -> None:
    app = opened(open_app, server, TELL)
    heard = threading.Event()
    listener = Listener(on_words=lambda shown: heard.set() if "Ada" in shown else None)
    server.pace = lambda sent: heard.wait(20) if sent == 14 else None
    reply = ask(app, ASK, listener)
    assert heard.is_set()
    assert reply.answer == f"{SAID} [1]"
    assert reply.route == "frontier"
    assert listener.told[-1] == ("said", f"{SAID} [1]")
    words = [text for name, text in listener.told if name == "words"]
    assert "".join(words) == f"{SAID} [1]"
    assert "unsaid" not in dict(listener.events)


@pytest.mark.parametrize("fault", [Fault(breaks=True), Fault(complains=True), Fault(ends=True)])
def test_the_words_of_an_attempt_that_breaks_are_taken_back(
    open_app: Open, server: LoopbackFrontier, fault: Fault
) -> None:
    app = opened(open_app, server, TELL)
    heard = threading.Event()
    listener = Listener(on_words=lambda shown: heard.set())
    server.pace = lambda sent: heard.wait(20) if sent == 9 else None
    server.answer = Frontier(drafts=[DRAFT])
    server.faults.append(fault)
    reply = ask(app, ASK, listener)
    assert reply.answer == f"{SAID} [1]"
    [unsaid] = [text for name, text in listener.told if name == "unsaid"]
    assert DRAFT.startswith(unsaid)
    after = listener.told[listener.told.index(("unsaid", unsaid)) + 1 :]
    assert "".join(text for name, text in after if name == "words") == f"{SAID} [1]"
    broken, answered = newest(app).attempts
    assert (broken.decision, broken.output) == ("failed", None)
    assert answered.decision == "accepted"
    assert unsaid.split()[0] in (broken.response or "")
    assert broken.cost_usd > 0
    assert newest(app).cost_usd == broken.cost_usd + answered.cost_usd


def test_words_are_taken_back_before_the_frontier_is_asked_again(
    open_app: Open, server: LoopbackFrontier
) -> None:
    app = opened(open_app, server, TELL)
    listener = Listener()
    shown: list[str] = []

    def answer(user: str, body: dict[str, Any]) -> dict[str, Any]:
        shown.append(listener.shown)
        return {"text": SAID}

    server.answer = answer
    server.pace = lambda sent: time.sleep(0.02)
    server.faults.append(Fault(breaks=True))
    with stamina.set_testing(False):  # with its pause
        ask(app, ASK, listener)
    assert shown == ["", ""]
    assert "unsaid" in dict(listener.told)


def test_where_no_attempt_holds_the_words_give_way_to_what_stands(
    open_app: Open, server: LoopbackFrontier
) -> None:
    app = opened(open_app, server, TELL, local={"enabled": False})
    heard = threading.Event()
    listener = Listener(on_words=lambda shown: heard.set())
    server.pace = lambda sent: heard.wait(20) if sent == 9 else None
    server.faults.append(Fault(truncated=True))
    reply = ask(app, ASK, listener)
    assert (reply.route, reply.reason) == ("builtin", "unverified")
    assert [name for name, _ in listener.told if name != "words"] == ["unsaid", "said"]
    assert listener.told[-1] == ("said", "Ada Lovelace was born in London. [1]")


def test_an_answer_that_cites_what_was_not_found_is_taken_back(
    open_app: Open, server: LoopbackFrontier
) -> None:
    app = opened(open_app, server)
    server.answer = Frontier(read={"answer": "Frogs rejoice, says a book.", "cites": [99]})
    app.assistant.ask(FROGS)
    heard = threading.Event()
    listener = Listener(on_words=lambda shown: heard.set())
    server.pace = lambda sent: heard.wait(20) if sent == 8 else None
    assert ask(app, WHY, listener).answer == UNKNOWN
    assert [name for name, _ in listener.told if name != "words"] == ["unsaid", "said"]


def test_what_is_read_off_is_heard_too_and_ends_with_its_source(
    open_app: Open, server: LoopbackFrontier
) -> None:
    app = opened(open_app, server)
    server.answer = Frontier(read={"answer": "When herons hesitate, says my note.", "cites": [1]})
    app.assistant.ask(FROGS)
    listener = Listener()
    assert ask(app, WHY, listener).answer == "When herons hesitate, says my note. [1]"
    assert server.requests[-1].body["stream"] is True


def test_stop_ends_the_connection_books_the_cost_and_leaves_no_turn(
    open_app: Open, server: LoopbackFrontier
) -> None:
    app = opened(open_app, server, TELL)
    server.answer = Frontier(said={"text": "On and on. " * 200})
    server.pace = lambda sent: time.sleep(0.01)
    before = app.stores.ledger.spent_usd("")

    def stop(shown: str) -> None:
        if "On and on." in shown:
            raise Stopped

    with pytest.raises(Stopped):
        ask(app, ASK, Listener(on_words=stop))
    assert server.left.wait(20)
    call = newest(app)
    assert (call.boundary, call.route, call.reason, call.output) == (
        "recompose", "frontier", "stopped", None,
    )  # fmt: skip
    [attempt] = call.attempts
    assert (attempt.decision, attempt.reason) == ("failed", "stopped")
    assert "On and on." in (attempt.response or "")
    assert app.stores.ledger.spent_usd("") == before + call.cost_usd > before
    assert app.memory.conversations.unanswered() == []
    assert app.curate(get("recompose")).kept == 0
    assert ask(app, "Anna is a sailor.", Listener()).answer.startswith("Noted.")


def test_a_silent_server_can_be_stopped(open_app: Open, server: LoopbackFrontier) -> None:
    app = opened(open_app, server, TELL)
    server.faults.append(Fault(hang=True))

    def listen(name: str, state: dict[str, Any]) -> None:
        if name == "waiting":
            raise Stopped

    with pytest.raises(Stopped):
        revising.ask(app, ASK, None, listen)
    assert app.memory.conversations.unanswered() == []


def test_what_is_told_can_be_stopped_while_it_is_read(
    open_app: Open, server: LoopbackFrontier
) -> None:
    app = opened(open_app, server)
    server.faults.append(Fault(hang=True))
    called: list[str] = []

    def listen(name: str, state: dict[str, Any]) -> None:
        called.append(name)
        if name == "waiting" and len(called) > 3:
            raise Stopped

    with pytest.raises(Stopped):
        revising.ask(app, TELL, None, listen)
    call = newest(app)
    assert (call.boundary, call.reason, call.output) == ("decompose", "stopped", None)
    assert app.memory.conversations.unanswered() == []
    assert app.memory.graph.facts() == []
    assert app.curate(get("decompose")).kept == 0


def test_the_ledger_has_the_same_rows_whether_anybody_listens(
    open_app: Open, server: LoopbackFrontier
) -> None:
    app = opened(open_app, server, TELL)
    ask(app, ASK, Listener())
    heard = newest(app)
    app.assistant.ask(ASK)
    unheard = newest(app)
    assert [r.body.get("stream") for r in server.requests] == [True, None]
    same: tuple[str, ...]
    same = ("boundary", "input", "output", "route", "reason", "cost_usd", "learn", "masked")
    assert [getattr(heard, name) for name in same] == [getattr(unheard, name) for name in same]
    [one], [other] = heard.attempts, unheard.attempts
    same = ("decision", "output", "input_tokens", "output_tokens", "cost_usd", "variant", "error")
    assert [getattr(one, name) for name in same] == [getattr(other, name) for name in same]
    assert json.loads(one.response or "") == json.loads(other.response or "")
    assert json.loads(one.request or "") == json.loads(other.request or "") | {"stream": True}


def test_secrets_stay_masked(open_app: Open, server: LoopbackFrontier) -> None:
    app = opened(open_app, server, TELL)
    triples = (("Ada", "password", "password: hunter2x"),)
    app.router.call(get("recompose"), triples, hear=lambda text: None)
    assert server.requests[0].body["stream"] is True
    assert "hunter2x" not in json.dumps(server.requests[0].body)
    assert newest(app).masked == {"password": 1}


def test_failing_streams_open_the_breaker(open_app: Open, server: LoopbackFrontier) -> None:
    app = opened(open_app, server, TELL)
    server.faults.extend([Fault(breaks=True)] * 15)
    for _ in range(6):
        ask(app, ASK, Listener())
    assert app.router.frontier.blocked() == "breaker open"
    assert len(server.requests) == 15


def test_a_spent_budget_and_offline_ask_nobody(
    open_app: Open, server: LoopbackFrontier, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(open_app, server, TELL, frontier={"monthly_budget_usd": 0.000001})
    listener = Listener()
    assert ask(app, ASK, listener).route != "frontier"
    assert "waiting" not in dict(listener.events)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    offline = opened(open_app, server, privacy={"offline": True})
    listener = Listener()
    assert ask(offline, ASK, listener).route != "frontier"
    assert "waiting" not in dict(listener.events)
    assert server.requests == []


def test_a_local_answer_is_only_said_when_it_has_been_accepted(
    open_app: Open, server: LoopbackFrontier, give_adapter: Callable[..., Any]
) -> None:
    app = open_app(ScriptedLocal("Ada Lovelace was born in London."))
    give_adapter(app, "recompose")
    app.assistant.ask(TELL)
    listener = Listener()
    reply = ask(app, ASK, listener)
    assert (reply.route, reply.reason) == ("local", "confident")
    assert "waiting" not in dict(listener.events)
    assert server.requests == []
