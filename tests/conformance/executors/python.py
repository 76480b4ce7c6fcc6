"""Decides conformance cases in Python: requests on the standard input, responses on the standard output."""

import sys
from io import BytesIO
from typing import cast

from conformance.v1 import conformance_pb2 as pb
from google.protobuf.proto import parse_length_prefixed, serialize_length_prefixed
from tests.conformance.executors.encoding import encode

from rankspec.analysis.fingerprint import canonical_form, fingerprint
from rankspec.checking.verdict import judge
from rankspec.composition.environment import as_text
from rankspec.formats.binary import read_binary
from rankspec.formats.json_yaml.json_reader import read_json
from rankspec.formats.textproto.reader import read_textproto
from rankspec.optimization.learning_rates import learning_rate_at
from rankspec.schema.message_types import message_class

_READERS = {"text": read_textproto, "json": read_json, "binary": read_binary}


def answer(request: pb.Request) -> pb.Response:
    """Does what a request asks for."""
    if request.WhichOneof("task") == "learning_rate_at":
        question = request.learning_rate_at
        return pb.Response(learning_rate=learning_rate_at(question.schedule, question.step))
    if request.WhichOneof("task") == "encode":
        return encode(request.encode)
    return _load(request.load)


def _load(load: pb.Load) -> pb.Response:
    form = load.WhichOneof("source") or "text"
    document = _READERS[form](getattr(load, form), message_class(load.message), "case")
    variables = {name: as_text(value) for name, value in load.variables.items()}
    verdict = judge(document, variables)
    if verdict.violations:
        found = [pb.Violation(**violation._asdict()) for violation in verdict.violations]
        return pb.Response(refusal=pb.Refusal(violations=found))
    identity = fingerprint(verdict.config)
    full_form = canonical_form(verdict.config, semantic=False).decode()
    return pb.Response(config=pb.Config(form=full_form, semantic=identity.semantic, full=identity.full))


def main() -> None:
    """Answers until the requests end."""
    # Any stream of bytes will do; protobuf's annotations name one of them.
    requests, responses = cast("BytesIO", sys.stdin.buffer), cast("BytesIO", sys.stdout.buffer)
    while (request := parse_length_prefixed(pb.Request, requests)) is not None:
        serialize_length_prefixed(answer(request), responses)


if __name__ == "__main__":
    main()
