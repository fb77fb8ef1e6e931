"""What is to be known of a type change whose values may be held otherwise afterwards."""

from __future__ import annotations

from zmigration_api import AlterColumn, Change, Hazard
from zmigration_api.archive import rewrites_values


def value_hazard(change: Change) -> Hazard | None:
    """That values may be held otherwise by another type."""
    if not isinstance(change, AlterColumn) or not change.retyped or change.new.generated:
        return None
    old, new = change.old.exact_type, change.new.exact_type
    if old is None or new is None:
        return None
    if not rewrites_values(change):
        return None
    return Hazard(
        "data_loss",
        f"{change.table}.{change.new.name}: values that {new} holds otherwise than {old}"
        " (digits, blanks, zones) change",
    )
