"""What can go wrong in Valence, for a person to read.

Each error says what happened, where, and what to do about it, in one line; the command line shows
it as `Error: …` and exits 1. `store` and `models` raise their own (`StoreError`, `ModelError`).

ValenceError
├── ConfigError             a setting that cannot be used
├── OfflineError            the network is needed and not allowed
├── TransferError           a file that cannot be imported or exported
├── BoundaryError
│   ├── UnknownBoundary     no boundary of that name
│   ├── LabelError          a label that cannot be renamed or merged as asked
│   ├── InvalidInput        not an input of the boundary
│   └── InvalidOutput       not an output of the boundary: it does not parse
├── CallError               a call that could not be answered or acted on
├── TurnError               a turn of a conversation that cannot go on as asked
├── Unreadable              a file that is not read as a document, and why
├── StrategyError           strategies that are not there or cannot be used
├── AdapterError            an adapter that cannot be served, compared or exported
└── TrainingError
    ├── NotEnoughExamples   too little to train or to judge on
    ├── AlreadyRunning      another run holds the lease
    └── UntrainedBase       the base is no language model
"""

from __future__ import annotations


class ValenceError(Exception):
    """`what` happened, `where` (a file, a call, a line), and what to `do` about it."""

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.do = do

    def __str__(self) -> str:
        line = f"{self.what} ({self.where})" if self.where else self.what
        if self.do:
            line = f"{line.rstrip('.')}. {self.do}"
        return " ".join(line.split())


class ConfigError(ValenceError):
    """A setting that cannot be used."""


class OfflineError(ValenceError):
    """The network is needed and not allowed."""


class TransferError(ValenceError):
    """A file that cannot be imported or exported."""


class BoundaryError(ValenceError):
    """Something is wrong with what went into a boundary or came out of it."""


class UnknownBoundary(BoundaryError):
    """No boundary has that name."""


class LabelError(BoundaryError):
    """A label of a classifier that is not there, or cannot be called so."""


class InvalidInput(BoundaryError):
    """Not an input of the boundary."""


class InvalidOutput(BoundaryError):
    """Not an output of the boundary: it does not parse."""


class CallError(ValenceError):
    """A call that could not be answered or acted on."""


class TurnError(ValenceError):
    """A turn of a conversation that cannot go on as asked."""


class Unreadable(ValenceError):
    """A file that is not read as a document; the message is the reason, without the file's name."""


class StrategyError(ValenceError):
    """Strategies that are not there, or cannot be used here."""


class AdapterError(ValenceError):
    """An adapter that cannot be served, compared or exported."""


class TrainingError(ValenceError):
    """A run that could not start or could not finish."""


class NotEnoughExamples(TrainingError):
    """Too few examples to train on or to judge by."""


class AlreadyRunning(TrainingError):
    """Another run holds the lease."""


class UntrainedBase(TrainingError):
    """The base model is no language model: nothing can be learnt on top of it."""
