"""What every boundary declares, whatever it learns with.

A boundary is a narrow, named task between language and structure. It knows its types, how both
models are asked, how an answer is written, read, checked and judged. It does not know which model
answers, what is served, what is stored or what is trained: those read the boundary.

Four forms of an input or output meet here:
- the value itself (`Input`, `Output`: immutable, normalised),
- JSON (`to_json`, `from_json`): what a frontier answers and what commands print,
- ledger text (`input_text`, `output_text` and back): what is stored,
- the local form (`local_user`, `write`, `read`): what the local model sees and writes, compact,
  with the model's own markers.
"""

from __future__ import annotations

import copy
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, Self, TypeVar

from valence.boundaries.text import fold
from valence.errors import InvalidOutput

if TYPE_CHECKING:
    from models.prompting import Markers
    from valence.boundaries.triples import Triple

Input = TypeVar("Input")
Output = TypeVar("Output")
LearnerName = Literal["lora", "heads"]


@dataclass(frozen=True, kw_only=True)
class TrainingDefaults:
    """What a run of this boundary needs at least, in examples, its window in tokens, and when one
    starts by itself: at so many new examples (None: the setting's), and by a schedule."""

    min_train: int = 40
    min_test: int = 10
    max_seq_length: int = 512
    trigger_examples: int | None = None
    schedule: str | None = None


@dataclass(frozen=True)
class Filters:
    """The limits of the quality gate, on the side of an example that is natural language."""

    min_characters: int = 10
    max_characters: int = 4000
    min_words: int = 3
    min_letters: float = 0.5
    """Least share of letters among the characters that are no spaces."""
    max_value_characters: int = 200
    """Longest single value, where an output has several."""


class Guidance(Protocol):
    """Advice for one call, looked for when a model that may have it is about to be asked."""

    def __call__(self) -> str:
        """What is said to the model besides its instruction; "" for nothing."""

    @property
    def record(self) -> dict[str, Any] | None:
        """What the ledger keeps of it; None where it was not looked for, or there was none."""


class Boundary(ABC, Generic[Input, Output]):
    """One boundary. Stateless; one instance serves the whole process, but for the copy that
    carries the guidance of one call."""

    learner: LearnerName = "lora"
    """How it learns: an adapter of the language model, or heads on a sentence embedding."""
    base_answers: bool = True
    """Whether its model answers before anything has been learnt."""
    episodic: bool = True
    """Whether the inputs of one episode hang together, and so stay in one split."""
    name: str
    prompt_version: str
    system: str
    """The local model's instruction; it names the boundary, which task-tagged bases rely on."""
    stop: str
    """Text that can only follow a whole answer of the local model: decoding ends there."""
    training_defaults: TrainingDefaults = TrainingDefaults()
    guidance: Guidance | None = None

    @property
    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """JSON schema of a frontier's answer; strict mode: no other keys, all required."""

    @property
    @abstractmethod
    def frontier_system(self) -> str:
        """The frontier's instruction, complete by itself."""

    # -- the four forms ------------------------------------------------------------------------

    @abstractmethod
    def input_text(self, input: Input) -> str:
        """The input as the ledger keeps it."""

    @abstractmethod
    def input_from_text(self, text: str) -> Input:
        """The input of its ledger form. Raises InvalidInput."""

    @abstractmethod
    def to_json(self, output: Output) -> dict[str, Any]:
        """The output as JSON that fits `schema`."""

    @abstractmethod
    def from_json(self, data: object) -> Output:
        """The normalised output of a frontier's or a person's JSON. Raises InvalidOutput."""

    def output_text(self, output: Output) -> str:
        """The output as the ledger keeps it: JSON."""
        return json.dumps(self.to_json(output), ensure_ascii=False)

    def as_now(self, output: str) -> str | None:
        """The output of an example that was kept, both in ledger form, as the boundary has it now;
        None where it does not say all that is asked now."""
        return output

    def output_from_text(self, text: str) -> Output:
        """The output of its ledger form, or of what a person typed. Raises InvalidOutput."""
        try:
            return self.from_json(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise InvalidOutput(
                f"this is not JSON: {error}", where=self.name, do=f"Give {self.example}"
            ) from error

    def so_far(self, raw: str) -> str:
        """The words of an answer that a frontier is still writing: how the JSON that has come
        reads to a person, "" where there is nothing to read in it."""
        return ""

    @property
    @abstractmethod
    def example(self) -> str:
        """An output as a person would type it, for messages."""

    def confidence(self, confidence: float | None, said: str | None) -> Any:
        """How sure an answer is, as commands print it: as a whole, unless what the local model
        `said` tells more (None where it was another that answered)."""
        return confidence

    # -- asking --------------------------------------------------------------------------------

    @abstractmethod
    def max_tokens(self, input: Input) -> int:
        """The most tokens that a right answer to this input can need."""

    def guided(self, guidance: Guidance) -> Self:
        """This boundary for one call with guidance. An adapter sees it only where prompts with
        guidance were among those that it was certified on."""
        guided = copy.copy(self)
        guided.guidance = guidance
        return guided

    def with_guidance(self, system: str) -> str:
        """An instruction with the guidance of this call after it."""
        advice = self.guidance() if self.guidance is not None else ""
        return f"{system}\n{advice}" if advice else system

    def frontier_user(self, input: Input) -> str:
        """The frontier's user message: the ledger form, verbatim."""
        return self.input_text(input)

    @abstractmethod
    def local_user(self, input: Input, markers: Markers) -> str:
        """The local model's user message."""

    @abstractmethod
    def write(self, output: Output, markers: Markers) -> str:
        """The completion that the local model learns for this output."""

    @abstractmethod
    def read(self, raw: str, markers: Markers) -> Output:
        """The output of what the local model wrote; `read(write(o)) == o`. Raises InvalidOutput."""

    def separator(self, markers: Markers) -> str:
        """What stands between the parts of what the local model writes; "" for one piece."""
        return ""

    @abstractmethod
    def builtin(self, input: Input) -> Output:
        """The deterministic floor: an answer by patterns, without any model."""

    # -- checking and judging ------------------------------------------------------------------

    @abstractmethod
    def vetoes(self, input: Input, output: Output) -> str | None:
        """The hard check that this answer fails, in words; None if it fails none."""

    @abstractmethod
    def grounded(self, input: Input, output: Output) -> bool:
        """Whether every value stands literally on the other side, case folded."""

    @abstractmethod
    def features(self, input: Input, output: Output) -> dict[str, float]:
        """Structural score features, always the same names, always finite."""

    def parts(
        self, input: Input, output: Output, raw: str, markers: Markers
    ) -> tuple[dict[str, float], ...]:
        """Structural score features of each part of the output, one a piece of `raw` between
        separators: `zip(output, parts)` is safe. Empty where the pieces, read one by one, are not
        exactly the output (a part said twice, an odd form), and where it is one piece."""
        return ()

    def facts(self, input: Input, output: Output) -> tuple[Triple, ...]:
        """What the answer states; one a part where the output has parts. It is the surer the more
        of it the adapter knows from its training."""
        return ()

    @abstractmethod
    def correct(self, output: Output, reference: Output, input: Input) -> bool:
        """Whether this answer counts as right beside the demonstration."""

    def only(self, output: Output, kept: Sequence[bool]) -> Output:
        """The output without the parts that are not kept, one flag a part; of one piece, whole."""
        return output

    def right_parts(self, output: Output, reference: Output) -> tuple[bool, ...]:
        """Whether each part of the output stands in the demonstration too; empty where it is one
        piece."""
        return ()

    @abstractmethod
    def score(self, output: Output, reference: Output) -> float:
        """How near the answer is to the demonstration, 0 to 1."""

    # -- curating ------------------------------------------------------------------------------

    @abstractmethod
    def prose(self, input: Input, output: Output) -> str:
        """The side that is natural language: what the language filters look at."""

    @abstractmethod
    def written(self, output: Output) -> tuple[str, ...]:
        """The pieces of free text in the output: where refusals and run-on values show."""

    def is_empty(self, output: Output) -> bool:
        """Whether it says nothing."""
        return not any(piece.strip() for piece in self.written(output))

    def filters(self, origin: str) -> Filters:
        """The quality gate's limits for a pair that came this way."""
        return Filters()

    def unfit(self, input: Input, origin: str) -> str | None:
        """Why this boundary learns from no such input, in words fit for counting, whatever else
        the quality gate would say; None where it does."""
        return None

    def teaches(self, output: Output) -> bool:
        """Whether there is something to learn from in what a frontier answered; an answer without
        still shows what is right."""
        return True

    def group_key(self, input: Input) -> str:
        """Inputs with the same key are near-duplicates: one example, one split."""
        return fold(self.input_text(input))
