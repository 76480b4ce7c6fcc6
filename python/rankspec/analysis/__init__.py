"""What configs say and how they differ, beside being right or wrong: what the verbs print."""
