"""Entropy thresholds: the last one fitted for each boundary and domain.

Numbers with their evidence, without any text of a call. It does not know how one is fitted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from store.clock import now
from store.database import Database
from store.ids import new_id
from store.rows import insert_sql

_COLUMNS = (
    "id", "boundary", "domain", "nats", "labels", "pooled", "auroc", "fitted_at", "looked_at",
)  # fmt: skip
_KEEP = insert_sql("entropy_thresholds", _COLUMNS) + (
    " ON CONFLICT (boundary, domain) DO UPDATE SET id = excluded.id, nats = excluded.nats,"
    " labels = excluded.labels, pooled = excluded.pooled, auroc = excluded.auroc,"
    " fitted_at = excluded.fitted_at, looked_at = excluded.looked_at"
)

WHOLE = ""
"""The domain that stands for all calls of a boundary, those without a domain among them."""


@dataclass(frozen=True, kw_only=True)
class EntropyThreshold:
    """From how many nats on an answer counts as a gap; None where nothing separates yet.

    `pooled`: fitted on all domains together; `labels` and `auroc` (of entropy against wrong) are
    of the answers it was fitted on. `looked_at`: when labels were last counted.
    """

    boundary: str
    domain: str
    nats: float | None
    labels: int
    pooled: bool
    auroc: float | None
    id: str = field(default_factory=new_id)
    fitted_at: str = field(default_factory=now)
    looked_at: str = field(default_factory=now)


def keep(db: Database, thresholds: Iterable[EntropyThreshold]) -> None:
    """Put thresholds in the place of those of the same boundary and domain, all or none."""
    rows = [asdict(each) | {"pooled": int(each.pooled)} for each in thresholds]
    with db.transaction() as connection:
        connection.executemany(_KEEP, rows)


def looked(db: Database, boundary: str) -> None:
    """Note that the labels of a boundary were counted now and are too few for another fit."""
    sql = "UPDATE entropy_thresholds SET looked_at = ? WHERE boundary = ?"
    with db.transaction() as connection:
        connection.execute(sql, (now(), boundary))


def thresholds(db: Database, boundary: str) -> dict[str, EntropyThreshold]:
    """The thresholds of a boundary by domain; `WHOLE` is there once one was fitted."""
    sql = f"SELECT {', '.join(_COLUMNS)} FROM entropy_thresholds WHERE boundary = ?"
    return {
        row["domain"]: EntropyThreshold(**dict(row) | {"pooled": bool(row["pooled"])})
        for row in db.read(sql, (boundary,))
    }
