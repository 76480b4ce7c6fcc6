"""Simple models that a ranker is measured against, on the same rows."""
