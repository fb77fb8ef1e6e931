"""The app: its zSpark, read without running it, its workspace and its variables."""

from .loading import App, load_app

__all__ = ["App", "load_app"]
