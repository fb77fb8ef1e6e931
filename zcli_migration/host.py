"""zSpark's `"plugins": ["zcli_migration.host"]`: every zCLI object of the app has `z.migration`.

zCLI imports a plugin once and then tells it of each new object by setting `zcli` in the module,
which is the only word that a plugin hears of the second object and those after it.
"""

from __future__ import annotations

import sys
import types
from typing import Any

from . import attach as _attach

__all__: list[str] = []


class _Plugin(types.ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401
        super().__setattr__(name, value)
        if name == "zcli" and value is not None:
            _attach(value)


sys.modules[__name__].__class__ = _Plugin
