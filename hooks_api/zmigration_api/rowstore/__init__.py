"""A store made of few parts: what most backends would otherwise write again.

`RowStore` plans, converts, fills, keeps archives, takes migrations back and answers questions
over a handful of operations on whole tables; `Backend` is its `BackendType`. A store that can do
something better in its own language overrides that method. Foreign keys are not kept by such a
store: a table that is written anew could not be referred to.
"""

from .backend import EVERY_CHANGE, Backend
from .cells import JSON_NULL, from_text, to_text
from .conditions import compares_alike, condition_sql, quoted
from .places import Held, MadePaths, patiently
from .store import RowStore
from .tables import refuse_broken_rows

__all__ = [
    "EVERY_CHANGE",
    "JSON_NULL",
    "Backend",
    "Held",
    "MadePaths",
    "RowStore",
    "compares_alike",
    "condition_sql",
    "from_text",
    "patiently",
    "quoted",
    "refuse_broken_rows",
    "to_text",
]
