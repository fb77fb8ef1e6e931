"""The data migrations that the schema files name under zMigrationHooks.

A hook runs inside the migration: what it writes lasts if the migration does, and what it raises
undoes everything. It runs for the schemas that have changes, in every run.
"""

import csv

from zmigration_api import AddColumn


def populate_email(zcli, changes=(), **kwargs):
    """Populate email with username@example.com, in the run that adds the column."""
    added = [change.column.name for change in changes if isinstance(change, AddColumn)]
    if "email" not in added:
        return
    for user in zcli.data.users.select(where={"email": None}):
        zcli.data.users.update(
            where={"id": user["id"]},
            set={"email": f"{user['username']}@example.com"},
        )


def load_rows(zcli, context, **kwargs):
    """Copy the rows of the CSV files in Data into the tables that are still empty.

    For the day on which Data_Type changes: the new store starts without rows.
    """
    for name in zcli.data.list_tables():
        file = context.workspace / "Data" / f"{name}.csv"
        if file.exists() and not zcli.data[name].count():
            with file.open(encoding="utf-8", newline="") as lines:
                zcli.data[name].insert_many(
                    {column: text or None for column, text in row.items()}
                    for row in csv.DictReader(lines)
                )
