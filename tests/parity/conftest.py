"""What several parity tests read."""

from pathlib import Path

import pytest
from google.protobuf import text_format
from rankspec.recap.v1.recap_pb2 import RecapConfig

LOCAL_PROD = Path(__file__).parents[2] / "configs" / "recap" / "local_prod.textproto"


@pytest.fixture(scope="session")
def local_prod() -> RecapConfig:
    """The reference's shipped configuration, as this project ships it."""
    return text_format.Parse(LOCAL_PROD.read_text(), RecapConfig())
