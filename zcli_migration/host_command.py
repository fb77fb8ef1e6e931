"""Words that are not ours go to the host's own `zolo`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

HOSTS = ("zolo-zcli", "zolo-os")
HELP = """\
usage: zolo migrate <app_file> [options]   evolve the app's data stores (zolo migrate --help)
       zolo inspect <source> [options]     the schema file of a store (zolo inspect --help)
       zolo plugins [--json]               list the plugins

Every other word belongs to zCLI itself, which is not installed here.
"""


def run_host(arguments: Sequence[str]) -> int:
    """Run the installed host's command with these arguments; a short help without a host.

    SystemExit with what the command gives back, as its own script would raise it.
    """
    from importlib_metadata import PackageNotFoundError, distribution

    for name in HOSTS:
        try:
            scripts = distribution(name).entry_points.select(group="console_scripts", name="zolo")
        except PackageNotFoundError:
            continue
        for script in scripts:
            sys.argv[1:] = arguments
            sys.exit(script.load()())
    asked = not arguments or arguments[0] in ("-h", "--help")
    print(HELP, end="", file=sys.stdout if asked else sys.stderr)
    return 0 if asked else 2
