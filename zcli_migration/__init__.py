"""Declarative schema migrations for zCLI apps: the schema is the migration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .subsystem import Migration

__version__ = "0.1.0"
__all__ = ["__version__", "attach"]


def attach(z: Any) -> Migration:  # noqa: ANN401
    """Give a zCLI object its `z.migration`, and return that; once for each object."""
    from .subsystem import attached

    return attached(z)
