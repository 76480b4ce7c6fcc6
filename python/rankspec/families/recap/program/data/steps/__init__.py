"""The steps between files and model, a module each; `table` has them in their order."""
