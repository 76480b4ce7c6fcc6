"""The trainer: turns a resolved config into torch objects and runs them. It knows no family of models."""
