"""Look at bundles, compare them, or make one with another combined score.

Example:
  rankspec bundle show build/bundles/tiny
  rankspec bundle verify build/bundles/tiny --expect-digest 5e2f…
  rankspec bundle diff build/bundles/monday build/bundles/tuesday
  rankspec bundle set-weights build/bundles/tiny -o build/bundles/other liked=1 replied=13.5
  rankspec bundle set-weights build/bundles/tiny -o build/bundles/plain none
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rankspec.cli import statuses
from rankspec.cli.digests import digest
from rankspec.cli.stopping import VerbError, needing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rankspec.scoring.errors import ScoringError
    from rankspec.scoring.reading import BundleFiles
    from rankspec.serving.v1.bundle_pb2 import ServedInput

# In place of weights; a task and its weight have an `=` between them.
_NONE = "none"


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    show = kinds.add_parser("show", help="print what a bundle says of itself, without running its model")
    show.add_argument("folder", metavar="DIR")
    show.add_argument("--format", choices=("text", "json"), default="text", help="json: the whole manifest")
    verify = kinds.add_parser("verify", help="open a bundle as a scorer does, golden rows included")
    verify.add_argument("folder", metavar="DIR")
    verify.add_argument("--expect-digest", type=digest, metavar="SHA256", help="what the manifest's SHA-256 has to be")
    diff = kinds.add_parser("diff", help="print what two bundles say differently")
    diff.add_argument("folder", metavar="A")
    diff.add_argument("other", metavar="B")
    weights = kinds.add_parser("set-weights", help="write a bundle with another combined score")
    weights.add_argument("folder", metavar="DIR")
    weights.add_argument(
        "weights",
        nargs="+",
        type=_weight,
        metavar="TASK=WEIGHT",
        help=f"what a task's output counts in the score; `{_NONE}` alone for no combined score",
    )
    weights.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the new bundle's folder")
    for kind, action in ((show, _show), (verify, _verify), (diff, _diff), (weights, _set_weights)):
        kind.set_defaults(action=action)


def run(arguments: Namespace) -> int:
    """Does what the kind says."""
    with needing("scoring"):
        import rankspec.scoring.scorer  # noqa: F401 - whether it can be, before anything is done
        from rankspec.scoring.errors import ScoringError
    try:
        with needing("raw"):
            return int(arguments.action(arguments))
    except ScoringError as error:
        raise _of_folder(arguments.folder, error) from error
    except OSError as error:
        raise VerbError(f"error: {error}") from error


def _of_folder(folder: str, error: ScoringError) -> VerbError:
    return VerbError(f"error: {folder}: {error}")


def _show(arguments: Namespace) -> int:
    from rankspec.scoring.reading import read_bundle

    bundle = read_bundle(arguments.folder)
    if arguments.format == "json":
        from google.protobuf.json_format import MessageToJson

        print(MessageToJson(bundle.manifest, preserving_proto_field_name=True))
    else:
        print("\n".join(_described(bundle)))
    return statuses.FINE


def _described(bundle: BundleFiles) -> list[str]:
    """A bundle in some lines."""
    manifest = bundle.manifest
    lists = {item.name for item in manifest.signature.inputs if item.list}
    lines = [
        f"digest       {bundle.digest}",
        f"step         {manifest.step}, of {manifest.config_message}, by {manifest.generator}",
        f"fingerprint  {manifest.fingerprint}, semantic {manifest.semantic_fingerprint}",
        f"signature    {manifest.signature.hash}",
    ]
    for item in manifest.signature.inputs:
        kind = "float32" if item.HasField("non_finite_value") else "int64"
        if item.list:
            lines.append(f"input        {item.name}: lists of int64, of any length")
            continue
        lines.append(f"input        {item.name}: {kind} [{item.width}], {_features(item)}")
    for table in sorted(manifest.signature.id_tables, key=lambda one: (one.input, one.position)):
        looked_up = table.input if table.input in lists else f"{table.input}[{table.position}]"
        told = f", which {table.vocabulary_file} explains" if table.HasField("vocabulary_file") else ""
        lines.append(f"table        {table.name}: {table.num_ids} ids, {looked_up}{told}")
    for output in manifest.outputs:
        weight = manifest.score_weights.get(output.name)
        lines.append(
            f"output       {output.name}" + (f", weighs {weight:g} in the score" if weight is not None else "")
        )
    found = manifest.tolerance.found_at_export
    lines.append(
        f"golden rows  {sum(batch.num_rows for batch in manifest.golden_batches)}, export differed by {found:.2g}"
    )
    lines += [f"file         {file.name}  {file.size}  {file.sha256}" for file in manifest.files]
    return lines


def _features(item: ServedInput) -> str:
    """By which names the features of an input may be given, and which the model does not look at."""
    unread = set(item.unread_positions)
    if not item.feature_names:
        return f"features without names, {len(unread)} not read"
    read = [name for place, name in enumerate(item.feature_names) if place not in unread]
    told = f"features {', '.join(read)}" if read else "no feature is read"
    return f"{told}; not read {', '.join(item.feature_names[place] for place in sorted(unread))}" if unread else told


def _verify(arguments: Namespace) -> int:
    from rankspec import scoring

    with scoring.open(arguments.folder, arguments.expect_digest) as scorer:
        rows = sum(batch.num_rows for batch in scorer.manifest.golden_batches)
        print(f"{arguments.folder}: whole; {rows} golden rows differ by {scorer.golden_difference:.2g} at most")
        if scorer.manifest.HasField("recipe_file"):
            print(f"takes raw rows, with columns {', '.join(scorer.raw_rows().columns)}")
        print(f"digest {scorer.digest}")
    return statuses.FINE


def _diff(arguments: Namespace) -> int:
    from rankspec.scoring.errors import ScoringError
    from rankspec.scoring.reading import read_bundle

    one = read_bundle(arguments.folder)
    try:
        other = read_bundle(arguments.other)
    except ScoringError as error:
        raise _of_folder(arguments.other, error) from error
    if one.digest == other.digest:
        print("the same bundle")
        return statuses.FINE
    for line in _differences(one, other):
        print(line)
    return statuses.FINE


def _differences(one: BundleFiles, other: BundleFiles) -> Iterator[str]:
    """What two bundles say differently, a line each: manifests, files by their names, and configs as `diff` has it.

    Raises:
        VerbError: a config cannot be read.
    """
    from rankspec.analysis.comparison import compare
    from rankspec.cli.diff import effect, told

    manifests = []
    for bundle in (one, other):
        manifest = type(bundle.manifest)()
        manifest.CopyFrom(bundle.manifest)
        manifest.ClearField("files")
        manifests.append(manifest)
    yield from map(told, compare(*manifests))
    before, after = ({file.name: file.sha256 for file in bundle.manifest.files} for bundle in (one, other))
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"files[{name}]: {before.get(name, 'absent')} -> {after.get(name, 'absent')}"
    if one.manifest.config_message == other.manifest.config_message:
        for change in compare(_config(one), _config(other)):
            yield f"config {told(change)}  ({effect(change)})"


def _config(bundle: BundleFiles) -> Any:
    """The config in a bundle.

    Raises:
        VerbError: it cannot be read.
    """
    from google.protobuf.message import DecodeError

    from rankspec.diagnostics.mistake import MistakeError
    from rankspec.schema.message_types import message_class

    manifest = bundle.manifest
    try:
        return message_class(manifest.config_message).FromString(bytes(bundle.contents[manifest.config_file]))
    except (MistakeError, DecodeError):
        raise VerbError(
            f"error: {manifest.config_file} of the bundle {bundle.digest} is no {manifest.config_message} that this "
            f"release knows; take the release that wrote it: {manifest.generator}"
        ) from None


def _set_weights(arguments: Namespace) -> int:
    from rankspec.scoring.combining import SCORE
    from rankspec.scoring.reading import read_manifest
    from rankspec.scoring.reweighting import set_weights

    given = [weight for weight in arguments.weights if weight is not None]
    if given and len(given) < len(arguments.weights):
        raise VerbError(f"error: `{_NONE}` stands alone, for no combined score; drop it, or the weights")
    weights = dict(given)
    if len(weights) != len(given):
        raise VerbError("error: a task is given two weights; give it one")
    outputs = [output.name for output in read_manifest(arguments.folder)[0].outputs]
    if unknown := sorted(weights.keys() - set(outputs)):
        raise VerbError(f"error: {arguments.folder} has no output {unknown[0]}; weigh {', '.join(outputs)}")
    if weights and SCORE in outputs:
        raise VerbError(
            f"error: {arguments.folder} has an output {SCORE}, as the combined score would be called; give the task "
            "another name, train and export again"
        )
    written = set_weights(Path(arguments.folder), arguments.output, weights, _config_files)
    print(f"{written.folder}: digest {written.digest}")
    return statuses.FINE


def _config_files(bundle: BundleFiles, weights: Mapping[str, float]) -> tuple[bytes, bytes, str]:
    """The bundle's config with other weights: in binary, as text, and its full fingerprint."""
    from rankspec.analysis.fingerprint import fingerprint
    from rankspec.formats.writing import write_with_variables

    config = _config(bundle)
    held: dict[str, float] = config.score_weights
    held.clear()
    held.update(weights)
    binary, text = (write_with_variables(config, form) for form in ("binary", "textproto"))
    return binary, text, fingerprint(config).full


def _weight(text: str) -> tuple[str, float] | None:
    """A task and its weight; None where no task is to have one."""
    import math

    if text == _NONE:
        return None
    task, separator, number = text.rpartition("=")
    try:
        weight = float(number)
    except ValueError:
        weight = math.nan
    if not separator or not task or not math.isfinite(weight):
        raise ArgumentTypeError(f"`{text}` is no weight; write TASK=NUMBER, or `{_NONE}` for no combined score")
    return task, weight
