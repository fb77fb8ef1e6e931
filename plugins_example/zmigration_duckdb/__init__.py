"""zMigration for DuckDB files, and three more things that a plugin can bring."""
