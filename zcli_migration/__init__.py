"""Declarative schema migrations for zCLI apps: the schema is the migration."""

__version__ = "0.1.0"
