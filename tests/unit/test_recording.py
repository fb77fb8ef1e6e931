"""Records: what goes into the history, and what must not."""

from __future__ import annotations

import pytest

from zcli_migration.masking import without_secrets


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  Data_Password: hunter2", "  Data_Password: ***"),
        ('  Data_Password: "hunter2, #1"  # comment', "  Data_Password: ***  # comment"),
        (
            "Meta: {Data_Password: hunter2, Data_Port: 5}",
            "Meta: {Data_Password: ***, Data_Port: 5}",
        ),
        ('"Data_Password": "hunter2",', '"Data_Password": ***,'),
        ("  Data_Password: hun,ter2}", "  Data_Password: ***"),
        ("    Data_Password(str): hunter2 #1", "    Data_Password(str): ***"),
        ("    Data_Password: #hunter2", "    Data_Password: ***"),
        ("Meta: {Data_Password(str): hunter2}", "Meta: {Data_Password(str): ***}"),
        ("Data_Path: postgresql://me:hunter2@host/db", "Data_Path: postgresql://me:***@host/db"),
        ("Data_Path: postgresql://me@host/db", "Data_Path: postgresql://me@host/db"),
        ("  name: {type: str}", "  name: {type: str}"),
    ],
)
def test_passwords_stay_out_of_the_history(line: str, expected: str) -> None:
    assert without_secrets(f"a: 1\n{line}\nb: 2\n") == f"a: 1\n{expected}\nb: 2\n"
