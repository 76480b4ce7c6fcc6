"""Show what two configs do differently.

Compares resolved values, so that comments, order and written-out defaults are no difference. Each change says
whether another function is trained (semantic) or not (operational), and whether a run may resume from a
checkpoint that was written under the other config: free, warn (it may, and says so) or forbidden. Below stands what
the changes come to: rows of an optimizer step, parameter groups, learning rates at telling steps.

Examples:
  rankspec diff before.textproto after.textproto
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from rankspec.analysis.comparison import Change, compare, overall
from rankspec.analysis.effects import Effect, effects
from rankspec.cli.stopping import VerbError
from rankspec.cli.terminal import load_or_report
from rankspec.families import parameter_groups

_VERDICTS = {
    "free": "a run may resume",
    "warn": "a run may resume, and says what changed",
    "forbidden": "a run refuses to resume",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Describes the verb's arguments."""
    parser.add_argument("old", metavar="A", help="the first config, or - for stdin")
    parser.add_argument("new", metavar="B", help="the second config")
    parser.add_argument("--message", metavar="NAME", help="message that the files hold, if no header says so")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="form of the report")


def run(arguments: Namespace) -> int:
    """Prints the changes; 1 if a config has mistakes. Configs may differ without that being wrong."""
    old = load_or_report(Namespace(files=[arguments.old], message=arguments.message, overrides=[]))
    new = load_or_report(Namespace(files=[arguments.new], message=arguments.message, overrides=[]))
    if old is None or new is None:
        return 1
    types = [config.message.DESCRIPTOR.full_name for config in (old, new)]
    if types[0] != types[1]:
        raise VerbError(f"rankspec diff: error: one config is a {types[0]}, the other a {types[1]}")
    changes = compare(old.message, new.message)
    found = effects(old.message, new.message, parameter_groups)
    sys.stdout.write(_as_json(changes, found) if arguments.format == "json" else _as_text(changes, found))
    return 0


def told(change: Change) -> str:
    """Says in a line where two messages differ, and what each has there."""
    return f"{change.path}: {_side(change.old)} -> {_side(change.new)}"


def effect(change: Change) -> str:
    """Names what a change means for what is trained, as the schema's options do."""
    return "semantic" if change.semantic else "operational"


def _as_text(changes: list[Change], found: list[Effect]) -> str:
    if not changes:
        return "no difference\n"
    lines = [f"{told(change)}  ({effect(change)}, resume: {change.resume})" for change in changes]
    lines += ["", *_effect_lines(found)] if found else []
    num_semantic = sum(change.semantic for change in changes)
    verdict = overall(changes)
    lines += ["", f"{len(changes)} changed, {num_semantic} of them semantic; resume: {verdict}, {_VERDICTS[verdict]}"]
    return "\n".join([*lines, ""])


def _effect_lines(found: list[Effect]) -> list[str]:
    """Says each effect on one line; groups that change alike share it."""
    names: dict[tuple[str, str], list[str]] = {}
    for effect in found:
        if effect.kind == "learning_rate":
            steps = effect.new if effect.old is None else effect.old
            said = "; ".join(f"step {step}: {_rate(effect.old, step)} -> {_rate(effect.new, step)}" for step in steps)
        else:
            said = f"{_side(effect.old)} -> {_side(effect.new)}"
        names.setdefault((effect.kind, said), []).append(effect.name)
    return [
        f"{' of '.join(part for part in (kind.replace('_', ' '), ', '.join(of)) if part)}: {said}"
        for (kind, said), of in names.items()
    ]


def _rate(rates: dict[int, float] | None, step: int) -> str:
    return "absent" if rates is None else f"{rates[step]:.4g}"


def _side(value: str | int | None) -> str:
    return "absent" if value is None else str(value)


def _as_json(changes: list[Change], found: list[Effect]) -> str:
    import json

    listed = [
        {
            "path": change.path,
            "old": change.old,
            "new": change.new,
            "effect": effect(change),
            "resume": change.resume,
        }
        for change in changes
    ]
    report = {"resume": overall(changes), "changes": listed, "effects": [effect._asdict() for effect in found]}
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"
