"""What a hook gets as `zcli`: a light stand-in for the host's object.

It offers what data hooks use (data, logger, session, config, display, zspark). Creating the real
object would install signal handlers, start servers and write into the user's folders.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zmigration_api import Data

from .real_zcli import RealZCLI


class Display:
    """The host's `display`, as far as hooks print with it."""

    def text(self, message: object = "", **_: object) -> None:
        """Print one line."""
        print(message)

    info = success = warning = error = header = text


class Config:
    """The host's `config`: environment variables and the workspace."""

    def __init__(self, environment: Mapping[str, str], workspace: Path) -> None:
        self.environment = dict(environment)
        self.workspace = workspace

    def get_env_var(self, name: str, default: str | None = None) -> str | None:
        """A variable of `.zEnv` or of the process."""
        return self.environment.get(name, default)


class LightZCLI:
    """`zcli` for hooks; what it has not is asked of the real host, where there is one."""

    def __init__(
        self,
        data: Data,
        zspark: Mapping[str, object],
        environment: Mapping[str, str],
        workspace: Path,
        real: RealZCLI,
    ) -> None:
        self._real = real
        self.data = data
        self.zspark = dict(zspark)
        self.zspark_obj = self.zspark
        self.config = Config(environment, workspace)
        if real.running:
            return  # session, logger and display are the app's own
        self.session: dict[str, object] = {"zSpace": str(workspace), "zSpark": self.zspark}
        import logging

        self.logger = logging.getLogger("zolo.migrate")
        self.display = Display()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("_"):
            raise AttributeError(name)
        real = self._real.get()
        if real is None:
            raise AttributeError(
                f"zcli.{name} needs zolo-zcli, which is not installed; without it zcli has "
                "data, logger, session, config, display and zspark"
            )
        return getattr(real, name)
