"""The errors of `models`: one small tree.

ModelError
├── ModelNotFound      nothing at that path, or the id is not on this machine
│   └── EmbeddingModelMissing    the same of the model that embeds texts
├── UnsafeModel        the folder asks for code to be run, or holds no safetensors
├── ModelLoadFailed    the folder is whole but the model could not be built from it
├── AdapterMismatch    an adapter's weights do not fit the base, or are not whole
├── PromptTooLong      a prompt leaves no room for an answer in the model's window
├── ScorerError        features that no scorer can be fitted on or used with, or no scorer at all
├── RuntimeClosed      the runtime was asked for something after `close`
└── TrainingFailed     training ended without an adapter

Errors of the frontier side join this tree; `models` raises nothing else of its own.
"""

from __future__ import annotations


class ModelError(Exception):
    """Something that predicts could not be used; the message is one sentence for a person."""


class ModelNotFound(ModelError):
    """No model at that path, or no stored model of that id."""


class EmbeddingModelMissing(ModelNotFound):
    """The model that embeds texts is not on this machine; memory works by words and facts."""


class UnsafeModel(ModelError):
    """The model folder asks for code to be run, or has weights only in a form that can run code."""


class ModelLoadFailed(ModelError):
    """The model folder looked right, but no model could be built from it."""


class AdapterMismatch(ModelError):
    """An adapter folder that is not whole, or that was made for another base."""


class PromptTooLong(ModelError):
    """The prompt alone fills the model's window."""


class ScorerError(ModelError):
    """Features that do not fit the scorer, nothing to fit one on, or data that is no scorer."""


class RuntimeClosed(ModelError):
    """The local runtime has been closed."""


class TrainingFailed(ModelError):
    """Training ended without an adapter to publish."""
