"""The contract that plugins depend on needs the standard library and pluggy, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

CODE = """
import json, pkgutil, sys
before = set(sys.modules)
import zmigration_api
for found in pkgutil.iter_modules(zmigration_api.__path__, "zmigration_api."):
    if found.name != "zmigration_api.testkit":  # for test suites, where pytest is there
        __import__(found.name)
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


def test_what_importing_all_of_it_loads() -> None:
    text = subprocess.check_output([sys.executable, "-c", CODE], text=True)
    loaded = set(json.loads(text)) - set(sys.stdlib_module_names)
    assert loaded == {"zmigration_api", "pluggy"}
