"""Somebody's table becomes a data set that trains: read, inferred, split, encoded, and described by a config.

`table` has the plain functions beneath the verb. `door` opens tables of every form as batches of raw columns, `profile`
and `inference` say what each column is, `plan` makes a recipe of it, `importer` fits and applies the recipe in two
passes, `skeleton` writes the config, `later` encodes the rows that come afterwards.
"""
