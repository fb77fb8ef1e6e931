"""`python -m zcli_migration app.py` is `zolo migrate app.py`."""

import sys

from .cli import zolo_migrate

if __name__ == "__main__":
    sys.exit(zolo_migrate())
