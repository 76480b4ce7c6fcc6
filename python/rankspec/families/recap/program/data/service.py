"""The data sets that a data service has for its clients."""

from __future__ import annotations

from rankspec.claims.registry import obeys
from rankspec.claims.views import whole_message
from rankspec.families.recap.input_signature import input_signature
from rankspec.families.recap.program.data.dataset import open_dataset
from rankspec.families.recap.program.data.files import selection_settings
from rankspec.families.recap.program.tasks import build_tasks
from rankspec.recap.v1.data_pb2 import RecapDataConfig
from rankspec.recap.v1.recap_pb2 import RecapConfig
from rankspec.schema.field_paths import at
from rankspec.trainer.data.service.server import ServedData


@obeys(RecapConfig, "train_data", "validation_data", "model")
def served_data(config: RecapConfig) -> tuple[ServedData, ...]:
    """Opens every data set of a config, to be served: the training data, then the validation sets by name.

    Raises:
        DataError: the files, their columns or the configuration cannot be used; the text says where.
    """
    numbers = build_tasks(config.model).float_labels
    validation = [(at("validation_data", name), data) for name, data in sorted(config.validation_data.items())]
    return tuple(
        _served(whole_message(data), path, numbers) for path, data in [("train_data", config.train_data), *validation]
    )


def _served(data: RecapDataConfig, path: str, float_labels: set[str]) -> ServedData:
    here = RecapDataConfig()
    here.CopyFrom(data)
    # The service itself reads the files.
    here.ClearField("data_service_dispatcher")
    here.ClearField("dataset_service_compression")
    dataset = open_dataset(
        here,
        input_signature(here, path, float_labels=float_labels),
        sorted(here.tasks),
        seed=0,
        shuffle=False,
        path=path,
        weigh=False,
        float_labels=float_labels,
    )
    names = tuple(dataset.identity["files"])
    folder = str(dataset.files[0].file).removesuffix(names[0])
    return ServedData(
        name=path,
        files=dataset.files,
        names=names,
        columns=dataset.columns,
        selection=selection_settings(here),
        # Clients need not learn where on this machine the files lie.
        notes=tuple(note.replace(folder, "") for note in dataset.notes),
    )
