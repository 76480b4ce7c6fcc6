"""Reads the text format."""
