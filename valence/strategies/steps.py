"""What each step of a trajectory is for, whoever took it: seven types, by general rules.

    plan       the agent thinks before it does anything
    ask        it wants something to be told or confirmed
    look up    a tool that changes nothing
    act        a tool that changes something
    check      a test, or a look at what has just been changed
    answer     it tells the person something
    hand over  it gives the problem to somebody else

A tool is told by the verb in its name, a tool that takes a command, statement or method by that;
what nothing is known of may change something. Knows no agent's tools and no outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from store.trajectories import Step

StepType = Literal["plan", "ask", "look up", "act", "check", "answer", "hand over"]

_VERBS_OF: dict[StepType, str] = {
    "plan": "think plan reason reflect outline todo",
    "ask": "ask clarify",
    "look up": (
        "get find search list read fetch query lookup look view show describe browse load "
        "retrieve select grep glob cat ls inspect count calculate compute convert check compare "
        "preview estimate recall whoami status info"
    ),
    "check": "verify validate test tests pytest lint assert review",
    "act": (
        "book update cancel send create delete remove set add write edit save put post patch "
        "insert replace move rename make buy pay order transfer submit apply install deploy merge "
        "commit push schedule assign close approve refund upload modify change exchange return "
        "reserve register reset start stop remember"
    ),
}
_VERBS: dict[str, StepType] = {
    verb: type_ for type_, verbs in _VERBS_OF.items() for verb in verbs.split()
}
_HANDS_OVER = frozenset(("escalate", "handoff", "handover", "human", "operator", "supervisor"))
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_STATEMENT = re.compile(r"\s*(select|show|describe|explain|with)\b", re.IGNORECASE)
_TESTS = re.compile(r"\b(pytest|tests?|lint|mypy|ruff|tsc|check)\b")
_READS = re.compile(
    r"\s*(ls|cat|head|tail|grep|rg|find|pwd|wc|which|stat|tree|du|df|ps|env"
    r"|git (status|log|diff|show|blame))\b"
)
_WANTS = re.compile(
    r"\?|\b(please (provide|confirm|tell|share|specify|give|choose|select|clarify)|let me know)\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\b(anything else|something else|further (help|assistance|questions)|other questions"
    r"|more help|need any(thing)? (more|further))\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?\n])\s")
_PLANS = re.compile(
    r"\b(here is|here's|this is) (my|the) plan\b|\bfirst\b.{0,300}\b(then|next|after that)\b",
    re.IGNORECASE | re.DOTALL,
)
_END = 600
"""Characters at the end of a message in which it would ask for something."""


def step_types(steps: Sequence[Step]) -> list[StepType]:
    """The types of an agent's own steps, in order; what the person said is none of them, nor is a
    remark that goes with a tool."""
    found: list[StepType] = []
    changed: set[str] = set()
    for index, step in enumerate(steps):
        type_ = _type(step, index + 1 < len(steps) and steps[index + 1].kind == "tool")
        if type_ == "look up" and changed & _values(step.arguments):
            type_ = "check"
        if type_ == "act" and not step.failed:
            changed |= _values(step.arguments)
        if type_ is not None:
            found.append(type_)
    return found


def tool_type(tool: str, arguments: dict[str, Any]) -> StepType:
    """What a tool is for, by what it is told to do, else by the verb in its name."""
    words = [word.casefold() for word in _WORDS.findall(tool)]
    if not _HANDS_OVER.isdisjoint(words):
        return "hand over"
    told = _told(arguments)
    if told is not None:
        return told
    return next((_VERBS[word] for word in words if word in _VERBS), "act")


def _type(step: Step, goes_with_tool: bool) -> StepType | None:
    if step.kind == "tool":
        return tool_type(step.tool, step.arguments)
    if step.kind == "reasoning":
        return "plan"
    if step.kind == "person" or not step.text.strip():
        return None
    if goes_with_tool:
        return "plan" if _PLANS.search(step.text[:_END]) else None
    return "ask" if wants_something(step.text) else "answer"


def wants_something(text: str) -> bool:
    """Whether a message ends with a question or a request; the offer of more help is none."""
    sentences = _SENTENCE.split(text[-_END:])
    return any(_WANTS.search(each) and not _COURTESY.search(each) for each in sentences)


def _told(arguments: dict[str, Any]) -> StepType | None:
    """What a command, an SQL statement or an HTTP method does; None where there is none."""
    command, statement, method = (
        str(next((arguments[name] for name in names if arguments.get(name)), ""))
        for names in (("command", "cmd"), ("sql", "statement"), ("method",))
    )
    if command:
        if _TESTS.search(command):
            return "check"
        return "look up" if _READS.match(command) else "act"
    if statement:
        return "look up" if _STATEMENT.match(statement) else "act"
    if method:
        return "look up" if method.upper() in ("GET", "HEAD", "OPTIONS") else "act"
    return None


def _values(arguments: Any) -> set[str]:
    """The texts among the arguments that can name a thing: those with a digit, at any depth."""
    return {text for text in _texts(arguments) if any(c.isdigit() for c in text)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
