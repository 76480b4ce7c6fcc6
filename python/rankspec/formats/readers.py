"""Reads a config from text or bytes into a message, with the place of every value and every mistake.

Each reader returns a `Document` and never raises for what the source holds. The modules of the other forms
are imported when a file of that form is read, so that starting up stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TypeVar

from google.protobuf.message import Message

from rankspec.formats.document import Document
from rankspec.formats.textproto.reader import read_textproto

__all__ = ["read_binary", "read_json", "read_textproto", "read_yaml"]

M = TypeVar("M", bound=Message)


def read_json(text: str | bytes, message_class: type[M], file: str) -> Document[M]:
    """Reads a message in Protobuf's JSON form; field names in snake_case or lowerCamelCase."""
    document: Document[M] = import_module("rankspec.formats.json_yaml.json_reader").read_json(text, message_class, file)
    return document


def read_yaml(text: str | bytes, message_class: type[M], file: str) -> Document[M]:
    """Reads a message in YAML, mapped to fields as Protobuf's JSON form is."""
    document: Document[M] = import_module("rankspec.formats.json_yaml.yaml_reader").read_yaml(text, message_class, file)
    return document


def read_binary(data: bytes, message_class: type[M], file: str) -> Document[M]:
    """Reads a message in the binary form, which has no places."""
    document: Document[M] = import_module("rankspec.formats.binary").read_binary(data, message_class, file)
    return document
