"""Compares what an executor answers with what a case expects."""

from conformance.v1 import conformance_pb2 as pb


def difference(expected: pb.Expectation, response: pb.Response) -> str | None:
    """Says in what a response differs from what is expected; None if in nothing."""
    result = response.WhichOneof("result")
    match expected.WhichOneof("verdict"):
        case "config" if result == "config":
            return _config_difference(expected.config, response.config)
        case "refusal" if result == "refusal":
            return _refusal_difference(expected.refusal, response.refusal)
        case "unreadable" if result == "refusal":
            return _unreadable_difference(expected.unreadable, response.refusal)
        case "learning_rate" if result == "learning_rate":
            return _rate_difference(expected.learning_rate, response.learning_rate)
        case "encoded" if result == "encoded":
            return _encoded_difference(expected.encoded, response.encoded)
        case "encoding_refusal" if result == "encoding_refusal":
            same = expected.encoding_refusal == response.encoding_refusal
            return None if same else f"expected {expected.encoding_refusal}, got {response.encoding_refusal}"
        case verdict:
            return f"expected {verdict}, got {str(response).strip() or 'nothing'}"


def _config_difference(expected: pb.Config, found: pb.Config) -> str | None:
    missing = sorted(set(expected.form.splitlines()) - set(found.form.splitlines()))
    extra = sorted(set(found.form.splitlines()) - set(expected.form.splitlines()))
    if missing or extra or expected.form != found.form:
        return f"another form: lacks {missing}, has {extra}"
    return None if expected == found else "the same form, but another fingerprint"


def _encoded_difference(expected: pb.Encoded, found: pb.Encoded) -> str | None:
    for name in ("continuous", "binary", "discrete"):
        wanted, got = list(getattr(expected, name)), list(getattr(found, name))
        if wanted != got:
            places = [at for at, (a, b) in enumerate(zip(wanted, got, strict=False)) if a != b]
            return f"{name}: {len(got)} of {len(wanted)} values, others at {places[:5]}"
    return None if list(expected.lists) == list(found.lists) else "lists are others"


def _violations(refusal: pb.Refusal) -> list[tuple[int, int, str, str]]:
    """Line, column, path and code of each, in the order in which they were given."""
    return [(violation.line, violation.column, violation.path, violation.code) for violation in refusal.violations]


def _refusal_difference(expected: pb.Refusal, found: pb.Refusal) -> str | None:
    wanted, got = _violations(expected), _violations(found)
    return None if wanted == got else f"expected violations {wanted}, got {got}"


def _unreadable_difference(prefix: str, refusal: pb.Refusal) -> str | None:
    codes = [violation.code for violation in refusal.violations]
    if codes and all(code.startswith(prefix) for code in codes):
        return None
    return f"expected codes that begin with {prefix}, got {codes}"


def _rate_difference(expected: pb.Rate, found: float) -> str | None:
    return None if abs(found - expected.value) <= expected.tolerance else f"expected {expected.value!r}, got {found!r}"
