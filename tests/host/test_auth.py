"""zSchema.auth.yaml, which comes with zCLI: two tables, adopted, evolved, and queried as it says.

zAuth's own code cannot reach its store in the version of the snapshot (it asks zData for an
attribute that is not there), so the queries of the schema's comments are made through zData.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.host.driving import Driven, answers

SCHEMA = "models/zSchema.auth.yaml"
START = """\
import json, sys
from zCLI import zCLI
z = zCLI({"zSpace": sys.argv[1], "deployment": "Production"})
z.data.load_schema(z.loader.handle("@.models.zSchema.auth"))
"""
FILL = """
for table in ("sessions", "user_permissions"):
    if not z.data.table_exists(table):
        z.data.create_table(table)
names = ["session_id", "user_id", "username", "password_hash", "token", "expires_at"]
z.data.insert("sessions", names, ["s1", "zU_1", "admin", "$2b$12$x", "t1", "2099-01-01T00:00:00"])
z.data.insert("sessions", names, ["s2", "zU_2", "eve, jr", "$2b$12$y", "t2", "2001-01-01T00:00:00"])
for right in ("users.delete", "system.shutdown"):
    z.data.insert("user_permissions", ["user_id", "permission"], ["zU_1", right])
z.data.disconnect()
"""
ASK = """
rows = z.data.select(
    ["sessions", "user_permissions"],
    joins=[{"type": "INNER", "table": "user_permissions",
            "on": "sessions.user_id = user_permissions.user_id"}],
    where={"sessions.username": "admin"},
    fields=["sessions.username", "user_permissions.permission"],
)
print("ANSWER", json.dumps(sorted(str(list(row.values())) for row in rows)))
valid = z.data.select("sessions", where="expires_at > '2026-01-01'")
print("ANSWER", json.dumps(valid, default=str))
z.data.disconnect()
"""
DEVICE = "  device:\n    type: str\n    default: browser\n\n"


@pytest.fixture(params=["sqlite", "postgresql"])
def app(
    request: pytest.FixtureRequest,
    host: Driven,
    demos: Path,
    new_store: Callable[[str], str],
) -> Driven:
    """An app with zCLI's own schema and a store that zCLI has made for it."""
    text = (demos.parents[1] / "zCLI/Schemas/zSchema.auth.yaml").read_text(encoding="utf-8")
    text = re.sub(r"  Data_(Type|Label):.*\n", "", text)
    text = text.replace("Meta:\n", f"Meta:\n{new_store(request.param)}")
    host.write("app.py", 'zSpark = {"title": "Auth"}\n')
    host.write(SCHEMA, text)
    host.python(START + FILL, str(host.folder))
    enabled = "Meta:\n  zMigration: true\n  zMigrationVersion: v1.0.0\n"
    host.write(SCHEMA, text.replace("Meta:\n", enabled, 1))
    return host


def asked(app: Driven) -> list[Any]:
    return [json.loads(found) for found in answers(app.python(START + ASK, str(app.folder)))]


def test_it_is_adopted_evolved_and_rolled_back(app: Driven) -> None:
    first = asked(app)
    assert first[0] == ["['admin', 'system.shutdown']", "['admin', 'users.delete']"]
    assert [row["username"] for row in first[1]] == ["admin"]
    assert app.migrate("app.py", "--check").code == 0
    assert app.migrate("app.py", "--auto-approve").code == 0
    assert asked(app) == first

    text = app.text(SCHEMA)
    app.write(SCHEMA, text.replace("  last_accessed:\n", f"{DEVICE}  last_accessed:\n"))
    assert app.migrate("app.py", "--check").code == 3
    added = app.migrate("app.py", "--auto-approve")
    assert added.code == 0, added.said
    wider = asked(app)
    assert wider[0] == first[0]
    assert wider[1] == [{**row, "device": "browser"} for row in first[1]]

    migrated = app.text(SCHEMA)
    app.write(SCHEMA, migrated.replace(DEVICE, ""))
    assert app.migrate("app.py", "--auto-approve").code == 0
    assert asked(app) == first
    back = app.migrate("app.py", "--rollback", "--auto-approve")
    assert back.code == 0, back.said
    assert app.text(SCHEMA) == migrated
    assert asked(app) == wider
    app.python(START + FILL.replace('"s1"', '"s3"').replace('"s2"', '"s4"'), str(app.folder))
    assert len(asked(app)[1]) == 2
