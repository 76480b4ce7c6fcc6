"""Several members of a model: they differ, they learn each by itself, and they are served as their mean."""

from __future__ import annotations

import torch
from google.protobuf import text_format
from rankspec.recap.v1.architecture_pb2 import TASK_KIND_REGRESSION
from rankspec.recap.v1.recap_pb2 import RecapConfig
from tests.unit.recap_models import WIDTHS, built, random_batch, recap_config
from tests.unit.test_model_export import _inputs, _OfTensors

from rankspec.families.recap.program.loss import build_loss
from rankspec.families.recap.program.optimizer import build_ranking_optimizer

torch.set_num_threads(1)

MEMBERS = 3
TOGETHER = f"model {{ members: {MEMBERS} }}"


def _config(change: str) -> RecapConfig:
    return text_format.Merge(change, recap_config())


def test_one_member_is_the_model_as_it_is_without_the_field() -> None:
    one, plain = built(_config("model { members: 1 }")), built()

    assert type(one) is type(plain)
    torch.testing.assert_close(one.state_dict(), plain.state_dict(), rtol=0, atol=0)


def test_the_first_member_is_the_model_alone_and_all_differ() -> None:
    model, alone = built(_config(TOGETHER)), built()

    torch.testing.assert_close(model.members[0].state_dict(), alone.state_dict(), rtol=0, atol=0)
    for name, weight in alone.named_parameters():
        values = [dict(member.named_parameters())[name] for member in model.members]
        is_drawn = weight.numel() > 1 and weight.std() > 0
        assert not is_drawn or not any(torch.equal(values[0], other) for other in values[1:]), name


def test_dropout_differs_between_members() -> None:
    model = built(_config(TOGETHER))
    for member in model.members[1:]:
        member.load_state_dict(model.members[0].state_dict())

    in_evaluation = model.eval()(random_batch()).detach()
    in_training = model.train()(random_batch()).detach()

    assert not torch.equal(in_training[0], in_training[1])
    assert torch.equal(in_evaluation[0], in_evaluation[1])


def test_probabilities_are_the_mean_of_the_calibrated_ones() -> None:
    model, batch = built(_config(TOGETHER)).eval(), random_batch()

    outputs = model(batch)
    of_members = torch.stack([member.predictions(member(batch)) for member in model.members])

    assert outputs.shape == (MEMBERS, 8, 3)
    torch.testing.assert_close(model.predictions(outputs), of_members.mean(0))
    assert not torch.equal(of_members[0], model.members[0](batch).sigmoid())  # They are calibrated.


def test_values_of_a_regression_are_averaged_beside_probabilities() -> None:
    config = _config(TOGETHER)
    config.model.tasks["home.reply"].kind = TASK_KIND_REGRESSION
    model, batch = built(config).eval(), random_batch()

    of_members = torch.stack([member.predictions(member(batch)) for member in model.members])

    assert (of_members < 0).any()
    torch.testing.assert_close(model.predictions(model(batch)), of_members.mean(0))


def test_extreme_logits_keep_their_mean_probability() -> None:
    model = built(_config(TOGETHER))
    outputs = torch.tensor([[80.0, -60.0, 0.0], [-200.0, -60.0, 0.0], [80.0, -60.0, 0.0]]).unsqueeze(1)

    final = model.final_outputs(outputs)

    shift = model.members[0].final_outputs(torch.zeros(1, 3))
    expected = (outputs + shift).double().sigmoid().mean(0)
    torch.testing.assert_close(model.predictions(outputs).double(), expected, rtol=1e-5, atol=0)
    assert final.isfinite().all()


def test_the_sum_of_the_members_losses_is_trained_and_their_mean_reported() -> None:
    config = _config(TOGETHER)
    model, batch, loss_of = built(config), random_batch(), build_loss(config.model)
    rest = batch.labels, batch.weights, batch.global_rows

    total, of_tasks = loss_of(model(batch), *rest)

    alone = [loss_of(member(batch), *rest) for member in model.members]
    torch.testing.assert_close(total, torch.stack([one for one, _ in alone]).sum())
    torch.testing.assert_close(of_tasks, torch.stack([parts for _, parts in alone]).mean(0))


def test_a_member_gets_the_gradient_that_it_has_alone() -> None:
    gradients = []
    for config in (_config(TOGETHER), recap_config()):
        model, batch = built(config), random_batch()
        build_loss(config.model)(model(batch), batch.labels, batch.weights, batch.global_rows)[0].backward()
        gradients.append({name: parameter.grad for name, parameter in model.named_parameters()})

    together, alone = gradients
    of_first = {name: together[f"members.0.{name}"] for name in alone}
    torch.testing.assert_close(of_first, alone, rtol=0, atol=0)


def test_groups_hold_the_parts_of_all_members() -> None:
    config = _config(TOGETHER)
    model = built(config)
    groups = {g["name"]: g["params"] for o in build_ranking_optimizer(config, model).optimizers for g in o.param_groups}
    alone = built()
    own = {
        g["name"]: g["params"]
        for o in build_ranking_optimizer(recap_config(), alone).optimizers
        for g in o.param_groups
    }

    assert {name: len(of) for name, of in groups.items()} == {name: MEMBERS * len(of) for name, of in own.items()}
    assert [p.shape for p in groups["backbone/user"]] == [(7, 3)] * MEMBERS


def test_a_member_gets_the_penalty_that_it_has_alone() -> None:
    config = _config(TOGETHER)
    config.model.small_embeddings.tables[0].l2 = 0.75
    model = built(config)
    optimizer = build_ranking_optimizer(config, model)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)

    optimizer.add_penalties()

    for member in model.members:
        table = member.inputs.small_embeddings.tables.table_user.weight
        torch.testing.assert_close(table.grad, 0.75 * table.detach())


def test_it_is_exported_and_gives_the_same_probabilities() -> None:
    model, batch, other = built(_config(TOGETHER)).eval(), random_batch(), random_batch(rows=5, seed=3)
    assert model.id_ranges == built().id_ranges
    rows = {0: torch.export.Dim("rows", min=2)}
    with torch.no_grad():
        program = torch.export.export(_OfTensors(model, batch), _inputs(batch), dynamic_shapes=((rows,) * len(WIDTHS),))
        torch.testing.assert_close(program.module()(*_inputs(other)), model.predictions(model(other)))
