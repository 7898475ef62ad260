"""Where Valence keeps its things: everything that it writes is under one home folder.

Knows the names of the folders and files, and nothing of what is in them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from valence.errors import ConfigError


@dataclass(frozen=True)
class Locations:
    """The paths under one home."""

    home: Path

    @property
    def config(self) -> Path:
        return self.home / "config.toml"

    @property
    def database(self) -> Path:
        return self.home / "valence.db"

    @property
    def episodic(self) -> Path:
        return self.home / "episodic.lance"

    @property
    def adapters(self) -> Path:
        return self.home / "adapters"

    @property
    def boundaries(self) -> Path:
        return self.home / "boundaries"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def place(self) -> Path:
        """Where the terminal app was when it was closed."""
        return self.home / "terminal.json"

    def prepare(self) -> None:
        """Makes the folders, readable by their owner alone. Raises ConfigError where that cannot
        be done."""
        folders = (self.home, self.adapters, self.boundaries, self.models, self.runs, self.logs)
        try:
            for folder in folders:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"the home folder cannot be used: {error.strerror}",
                where=str(self.home),
                do="Set VALENCE_HOME to a folder that you may write in.",
            ) from error

    def as_dict(self) -> dict[str, str]:
        files = ("home", "config", "database")
        folders = ("episodic", "adapters", "boundaries", "models", "runs", "logs")
        return {name: str(getattr(self, name)) for name in files + folders}


def find_locations() -> Locations:
    """`VALENCE_HOME`, or the user's data folder of this platform."""
    home = os.environ.get("VALENCE_HOME")
    if home:
        return Locations(Path(home).expanduser().absolute())
    import platformdirs

    return Locations(Path(platformdirs.user_data_dir("valence", appauthor=False)))
