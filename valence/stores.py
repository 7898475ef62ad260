"""The tables of one home's database, each behind its own small class."""

from __future__ import annotations

from dataclasses import dataclass

from store.adapters import Adapters
from store.breakers import Breakers
from store.database import Database
from store.evaluations import Evaluations
from store.events import Events
from store.examples import Examples
from store.leases import Leases
from store.ledger import Ledger
from store.runs import Runs
from store.statistics import Statistics
from store.strategy_sets import StrategySets
from store.trajectories import Trajectories
from valence.locations import Locations


@dataclass(frozen=True)
class Stores:
    """What lasts, opened together: one connection, one file."""

    database: Database
    ledger: Ledger
    examples: Examples
    runs: Runs
    adapters: Adapters
    evaluations: Evaluations
    breakers: Breakers
    events: Events
    leases: Leases
    statistics: Statistics
    trajectories: Trajectories
    strategies: StrategySets

    @classmethod
    def open(cls, locations: Locations) -> Stores:
        locations.prepare()
        db = Database(locations.database)
        return cls(
            database=db,
            ledger=Ledger(db),
            examples=Examples(db),
            runs=Runs(db),
            adapters=Adapters(db),
            evaluations=Evaluations(db),
            breakers=Breakers(db),
            events=Events(db),
            leases=Leases(db),
            statistics=Statistics(db),
            trajectories=Trajectories(db),
            strategies=StrategySets(db),
        )
