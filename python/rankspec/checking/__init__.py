"""Judges a config: by the rules of the schema, as diagnostics for people or as the verdict of all languages."""
