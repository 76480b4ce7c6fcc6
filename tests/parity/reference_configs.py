"""Configurations of the reference trainer as messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import yaml
from google.protobuf.message import Message

from rankspec.convert.tree import Rewriter
from rankspec.diagnostics.diagnostic import ConfigError
from rankspec.formats.json_yaml.tree_document import read_tree
from rankspec.formats.json_yaml.tree_reader import MAX_VALUES
from rankspec.formats.json_yaml.yaml_reader import scan_yaml
from rankspec.schema.descriptors import descriptor_of

MessageT = TypeVar("MessageT", bound=Message)


def message_from_reference(config: Mapping[str, object], message_class: type[MessageT]) -> MessageT:
    """Reads a parsed configuration of the reference, field by field as `convert` does, and judges nothing.

    Raises:
        ConfigError: The message has no place for something.
    """
    descriptor, text = descriptor_of(message_class), yaml.safe_dump(dict(config))
    document = read_tree(
        text, message_class, "", lambda state: Rewriter(MAX_VALUES).message(scan_yaml(state), descriptor)
    )
    if not document.ok:
        raise ConfigError(document.diagnostics)
    return document.message
