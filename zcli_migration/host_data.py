"""The app's own `z.data` while its stores change under it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def disconnected(z: Any) -> Iterator[None]:  # noqa: ANN401
    """zCLI's data connection is closed, and opened again with the schema that it had.

    For CSV it holds whole tables and writes them back when it disconnects, new columns lost;
    for databases it may hold a lock.
    """
    data = getattr(z, "data", None)
    if data is None or not data.is_connected():
        yield
        return
    schema = data.schema
    data.disconnect()
    try:
        yield
    finally:
        data.load_schema(schema)
