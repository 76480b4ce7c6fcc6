"""The trainer: turns a resolved config into torch objects and runs them. The only package that imports torch."""
