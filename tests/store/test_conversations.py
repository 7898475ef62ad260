"""Conversations in a real database: turns, steps, search, and what a crash leaves."""

from __future__ import annotations

import pytest

from store.conversations import Conversations, forget_in_turns
from store.database import Database
from store.errors import UnknownConversation


@pytest.fixture
def kept(db: Database) -> Conversations:
    return Conversations(db)


def test_turns_stand_in_order_each_after_the_last_that_stands(kept: Conversations) -> None:
    conversation = kept.start("Hello")
    first = kept.begin(conversation.id, "one")
    second = kept.begin(conversation.id, "two")
    kept.undo(second.id)
    third = kept.begin(conversation.id, "three")
    assert [turn.question for turn in kept.turns(conversation.id)] == ["one", "three"]
    assert [turn.state for turn in kept.turns(conversation.id, undone=True)] == [
        "open",
        "undone",
        "open",
    ]
    assert (first.parent_id, second.parent_id, third.parent_id) == (None, first.id, first.id)


def test_a_turn_and_its_steps_outlive_the_process(db: Database) -> None:
    before = Conversations(db)
    turn = before.begin(before.start("t").id, "Where?")
    before.checkpoint(turn.id, "received", {"pid": 1})
    before.checkpoint(turn.id, "understood", {"asked": ["Where?"]})
    db.close()
    again = Conversations(Database(db.path))
    assert [turn.question for turn in again.unanswered()] == ["Where?"]
    assert [(step.name, step.state) for step in again.steps(turn.id)] == [
        ("received", {"pid": 1}),
        ("understood", {"asked": ["Where?"]}),
    ]
    again.answer(turn.id, {"answer": "There."})
    assert again.unanswered() == []
    assert again.turns(turn.conversation_id)[0].answer == {"answer": "There."}


def test_questions_and_answers_are_searched_in_any_form_of_their_words(
    kept: Conversations,
) -> None:
    conversation = kept.start("t")
    turn = kept.begin(conversation.id, "Where do otters live?")
    kept.answer(turn.id, {"answer": "In rivers."})
    undone = kept.begin(conversation.id, "otter")
    kept.undo(undone.id)
    assert [found.id for found in kept.search("otter living", 10)] == [turn.id]
    assert [found.id for found in kept.search("river", 10)] == [turn.id]
    assert kept.search("otter badger", 10) == []
    assert kept.search('"* AND (', 10) == []


def test_the_list_has_the_newest_in_use_first_and_no_archived_ones(kept: Conversations) -> None:
    old, new, hidden = kept.start("old"), kept.start("new"), kept.start("hidden")
    kept.archive(hidden.id)
    kept.begin(old.id, "again")
    assert [each.id for each in kept.list(10)] == [old.id, new.id]
    assert hidden.id in [each.id for each in kept.list(10, archived=True)]
    kept.archive(hidden.id, archived=False)
    assert hidden.id in [each.id for each in kept.list(10)]


def test_an_id_is_found_by_its_beginning_or_not_at_all(kept: Conversations) -> None:
    conversation = kept.start("t")
    assert kept.get(conversation.id[:20]) == conversation
    with pytest.raises(UnknownConversation):
        kept.get("nope")


def test_turns_that_rest_on_what_is_forgotten_go_with_it(db: Database, kept: Conversations) -> None:
    conversation = kept.start("t")
    telling, asking = kept.begin(conversation.id, "told"), kept.begin(conversation.id, "asked")
    other = kept.begin(conversation.id, "other")
    kept.checkpoint(telling.id, "remembered", {"remembered": [{"call_id": "call-1"}]})
    kept.answer(asking.id, {"answer": "x", "citations": [{"source": "call-1"}]})
    with db.transaction() as connection:
        assert forget_in_turns(connection, "call-1") == 2
    assert [turn.id for turn in kept.turns(conversation.id)] == [other.id]
    assert kept.steps(telling.id) == []
    assert kept.search("told", 10) == []


def test_a_conversation_is_not_called_after_what_was_forgotten(db: Database) -> None:
    kept = Conversations(db)
    talk = kept.start("Quxzan is tall.")
    first, second = kept.begin(talk.id, "Quxzan is  tall."), kept.begin(talk.id, "Rex is a dog.")
    kept.checkpoint(first.id, "remembered", {"source": "s1"})
    kept.checkpoint(second.id, "remembered", {"source": "s2"})
    with db.transaction() as connection:
        assert forget_in_turns(connection, "s1") == 1
    assert kept.get(talk.id).title == "Rex is a dog."
    own = kept.start("A name of its own")
    kept.checkpoint(kept.begin(own.id, "Zed is old.").id, "remembered", {"source": "s2"})
    with db.transaction() as connection:
        assert forget_in_turns(connection, "s2") == 2
    assert (kept.get(talk.id).title, kept.get(own.id).title) == ("", "A name of its own")
