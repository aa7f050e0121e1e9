"""Named repairs of known faults in the dialect and the driver, in force for one engine at a time.

An application that is tested with a repair must also run with it: use the same engine factory, or the same
URL, for both. ``apply`` touches the engine that it is given and nothing else.
"""

from __future__ import annotations

from sqlalchemy.engine import Dialect, Engine

from iris_devtools.repairs.batch_inserts import BATCH_INSERTS
from iris_devtools.repairs.checked_deletes import CHECKED_DELETES
from iris_devtools.repairs.connecting import CONCURRENT_CONNECTS, PLAIN_ACCOUNTS, URL_HOST
from iris_devtools.repairs.ended_results import ENDED_RESULTS
from iris_devtools.repairs.fetch_first import FETCH_FIRST
from iris_devtools.repairs.identity_columns import IDENTITY_COLUMNS
from iris_devtools.repairs.lost_connections import LOST_CONNECTIONS
from iris_devtools.repairs.model import Repair, RepairState, Selection, choose, repair_instance
from iris_devtools.repairs.ordered_pages import ORDERED_PAGES
from iris_devtools.repairs.portable_types import JSON_COLUMNS, UNSIZED_STRINGS, UUID_COLUMNS
from iris_devtools.repairs.row_counts import ROW_COUNTS
from iris_devtools.repairs.savepoints import SAVEPOINTS
from iris_devtools.repairs.whole_decimals import WHOLE_DECIMALS

__all__ = ["REPAIRS", "Repair", "RepairState", "Selection", "applied", "apply", "choose_repairs", "states"]

# The order is that of the cures in front of the dialect: fetch-first decides before ordered-pages takes over,
# and lost-connections names what any of the others lets through.
REPAIRS: tuple[Repair, ...] = (
    LOST_CONNECTIONS,
    URL_HOST,
    PLAIN_ACCOUNTS,
    CONCURRENT_CONNECTS,
    FETCH_FIRST,
    ORDERED_PAGES,
    BATCH_INSERTS,
    ROW_COUNTS,
    CHECKED_DELETES,
    SAVEPOINTS,
    UUID_COLUMNS,
    JSON_COLUMNS,
    UNSIZED_STRINGS,
    IDENTITY_COLUMNS,
    ENDED_RESULTS,
    WHOLE_DECIMALS,
)

_ATTRIBUTE = "_iris_devtools_repairs"


def choose_repairs(selection: Selection = "all") -> tuple[Repair, ...]:
    """Return the repairs that a selection names.

    A selection is True or ``"all"``, False or ``"none"``, names (an iterable, or text with commas), or names
    with a leading ``-`` for all but those.

    Raises:
        ConfigurationError: a name is not known, or names and exclusions are mixed.
    """
    return choose(selection, known=REPAIRS)


def states(selection: Selection = "all") -> tuple[RepairState, ...]:
    """Tell for every repair whether it is in force with the installed packages, and if not, why."""
    chosen = choose_repairs(selection)
    found = []
    for repair in REPAIRS:
        reason = repair.obstacle() if repair in chosen else "switched off"
        found.append(RepairState(repair=repair, active=not reason, reason=reason))
    return tuple(found)


def apply(target: Engine | Dialect, *, repairs: Selection = "all") -> tuple[Repair, ...]:
    """Put the chosen repairs in force for one engine or dialect, and return those that now are.

    Call it before the engine is used. A repair whose versions do not match is left out, and so is one that is
    in force already; a dialect other than sqlalchemy-iris's for the TCP driver is left as it is.
    """
    dialect = target.dialect if isinstance(target, Engine) else target
    if dialect.name != "iris" or dialect.driver != "intersystems":
        return ()
    before = applied(dialect)
    wanted = tuple(
        state.repair for state in states(repairs) if state.active and state.repair.name not in before
    )
    if wanted:
        repair_instance(dialect, wanted)
    setattr(dialect, _ATTRIBUTE, before + tuple(repair.name for repair in wanted))
    if isinstance(target, Engine):
        target.clear_compiled_cache()
    return tuple(repair for repair in REPAIRS if repair.name in applied(dialect))


def applied(target: Engine | Dialect) -> tuple[str, ...]:
    """Return the names of the repairs that are in force for an engine or dialect."""
    dialect = target.dialect if isinstance(target, Engine) else target
    names: tuple[str, ...] = getattr(dialect, _ATTRIBUTE, ())
    return names
