"""The description of the history table, in zCLI's user data folder, for whoever looks there."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

NAME = "zSchema.zMigration.yaml"
TEXT = """\
# Written by zMigration: what a migration history holds. This schema does not migrate itself.
Meta:
  Data_Type: csv
  Data_Source: "ZDATA_ZMIGRATION_URL"
  zMigration: false
  zMigrationVersion: v1.0.0

zdata_migrations:
  id: {type: int, pk: true, auto_increment: true}

  schema_name: {type: str, required: true}
  from_version: {type: str, required: false}
  to_version: {type: str, required: true}
  applied_at: {type: datetime, default: now}

  schema_hash: {type: str, required: true}
  changes_summary: {type: str, required: false}
  status: {type: str, default: "SUCCESS"}

  applied_by: {type: str, required: false, default: "system"}
  app_name: {type: str, required: false}
  app_version: {type: str, required: false}
  zcli_version: {type: str, required: false}

  execution_time_ms: {type: int, required: false}
  rollback_sql: {type: str, required: false}
  forward_sql: {type: str, required: false}
  diff_json: {type: json, required: false}
  meta_data: {type: json, required: false}
  notes: {type: str, required: false}
"""


def path() -> Path:
    """Where the file belongs; XDG_DATA_HOME is honoured."""
    from platformdirs import user_data_dir

    return Path(user_data_dir("zolo-zcli", "zolo")) / "zSchemas" / NAME


def write_system_schema() -> None:
    """Write the file if it is not there. It is a convenience: failing to write it is no error."""
    target = path()
    if target.exists():
        return
    with contextlib.suppress(OSError):
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{NAME}.{os.getpid()}")
        beside.write_text(TEXT, encoding="utf-8")
        beside.replace(target)
