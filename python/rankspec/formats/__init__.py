"""Configs as files: reading them with the place of every value and mistake, and writing them."""
