"""Every language decides every case alike, and every rule of the schema has cases."""

from collections import defaultdict

import pytest
from conformance.v1 import conformance_pb2 as pb
from tests.conformance.corpus import all_cases, read_suite, suite_name, suite_paths, verdict_of
from tests.conformance.make_cases import suites
from tests.conformance.rule_list import Rule, all_rules, broken_rules, kept_rules
from tests.conformance.running import LANGUAGES, missing_tools, run

_VERDICTS = {
    "config": "valid",
    "learning_rate": "valid",
    "encoded": "valid",
    "refusal": "invalid",
    "encoding_refusal": "invalid",
    "unreadable": "unreadable",
}


@pytest.fixture(scope="module")
def cases() -> list[pb.Case]:
    return all_cases()


@pytest.mark.parametrize("language", LANGUAGES)
def test_language_decides_every_case_as_expected(language: str, cases: list[pb.Case]) -> None:
    missing = missing_tools(language)
    if missing:
        pytest.skip(f"{language} left out: {', '.join(missing)} not installed")

    outcome = run(language, cases)

    assert not outcome.failures, "\n".join(f"{case}: {problem}" for case, problem in outcome.failures.items())
    assert outcome.passed + outcome.unsupported == len(cases)


def test_ids_are_unique_and_say_where_the_case_stands_and_how_it_ends() -> None:
    seen: set[str] = set()
    for path in suite_paths():
        for case in read_suite(path).cases:
            assert case.id.startswith(f"{suite_name(path)}/")
            assert case.id not in seen
            assert verdict_of(case) == _VERDICTS[case.expected.WhichOneof("verdict") or ""], case.id
            seen.add(case.id)


def test_what_a_machine_writes_of_the_corpus_is_current() -> None:
    on_disk = {suite_name(path): list(read_suite(path).cases) for path in suite_paths()}

    assert dict(suites()) == on_disk, "run `make conformance-cases` and commit what it changes"


def test_every_rule_is_broken_by_a_case_and_kept_by_another(cases: list[pb.Case]) -> None:
    rules = all_rules()
    by_member: defaultdict[tuple[str, str], list[Rule]] = defaultdict(list)
    for rule in rules:
        by_member[rule.message, rule.member].append(rule)
    loads = [case for case in cases if case.request.HasField("load")]
    codes = {violation.code for case in loads for violation in case.expected.refusal.violations}
    broken = {rule for case in loads if verdict_of(case) == "invalid" for rule in broken_rules(case)}
    kept = {rule for case in loads if verdict_of(case) == "valid" for rule in kept_rules(case, by_member)}
    kept_by_id = {"/".join(case.id.split("/")[1:4]).replace("/", ".") for case in loads if verdict_of(case) == "valid"}

    # A rule over several fields is reported at one of them: its id says which it is, and its cases stand below it.
    unbroken = [rule for rule in rules if rule not in broken and not (rule.code.count(".") > 1 and rule.code in codes)]
    unkept = [rule for rule in rules if rule not in kept or (rule.code.count(".") > 1 and rule.code not in kept_by_id)]

    assert len(rules) > 300
    assert not unbroken, "no invalid case"
    assert not unkept, "no valid case"
