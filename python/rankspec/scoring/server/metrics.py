"""Metrics in Prometheus' form, each with the bundle's step and digest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from rankspec.encoding.lists import PADDING
from rankspec.scoring.columns import is_out_of_range
from rankspec.serving.v1 import bundle_pb2

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from prometheus_client.metrics import MetricWrapperBase

    from rankspec.scoring.server.batching import WaitingRoom
    from rankspec.scoring.server.models import ServedModel
    from rankspec.serving.v1.bundle_pb2 import BundleManifest

_BUNDLE = ("step", "digest")
# Of the digest in labels: enough to tell bundles apart.
_DIGITS = 16
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_ROWS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
# Of a batch, how many rows are looked at for shares of values and means of scores.
_MOST_OBSERVED_ROWS = 256
_HALF_LIFE = 10_000


class _RunningMean:
    """A mean in which a row counts half as much as one that came `_HALF_LIFE` rows later."""

    def __init__(self) -> None:
        self._sum = 0.0
        self._weight = 0.0

    def with_scores(self, scores: NDArray[np.float32]) -> float:
        """The mean with further scores, `[rows]`."""
        decay = 0.5 ** (len(scores) / _HALF_LIFE)
        self._sum = self._sum * decay + float(scores.sum(dtype=np.float64))
        self._weight = self._weight * decay + len(scores)
        return self._sum / self._weight if self._weight else 0.0


def bundle_labels(manifest: BundleManifest, digest: str) -> tuple[str, str]:
    """Of a bundle: step and the beginning of its digest."""
    return str(manifest.step), digest[:_DIGITS]


class Metrics:
    """What the server counts."""

    def __init__(self, room: WaitingRoom) -> None:
        """Starts at 0."""
        self._registry = CollectorRegistry()
        self._requests = self._counter(
            "rankspec_requests", "Requests for scores, by protocol and code", "protocol", "code"
        )
        self._seconds = self._histogram("rankspec_request_seconds", "Time of a request", _SECONDS, "protocol")
        self._rows = self._counter("rankspec_rows", "Rows that were scored")
        self._batch_rows = self._histogram("rankspec_batch_rows", "Rows that were scored at once", _ROWS)
        self._batch_requests = self._histogram("rankspec_batch_requests", "Requests that were scored at once", _ROWS)
        self._observed = self._counter(
            "rankspec_observed_rows", "Rows that the following counts are of: some of each batch"
        )
        self._missing = self._counter("rankspec_missing_values", "Values that are NaN or infinite", "input")
        self._values = self._counter("rankspec_observed_values", "Values that were looked at", "input")
        self._unseen = self._counter("rankspec_unseen_ids", "Rows with an id that shares a table's bucket", "table")
        self._score_mean = self._gauge("rankspec_score_mean", "Mean of an output over the last observed rows", "output")
        self._drift = self._gauge("rankspec_score_drift", "That mean less the validation set's", "output")
        self._means: dict[tuple[str, ...], _RunningMean] = defaultdict(_RunningMean)
        # Finding a metric's series by its labels takes as long as all else that is counted of a request.
        self._series: dict[tuple[Any, ...], Any] = {}
        self._mean = self._gauge("rankspec_baseline_mean", "Mean of an output over the validation set", "output")
        self._missing_share = self._gauge(
            "rankspec_baseline_missing_share", "Share of values that are missing in the validation set", "input"
        )
        self._unseen_share = self._gauge(
            "rankspec_baseline_unseen_share", "Share of rows with an id out of range in the validation set", "table"
        )
        self._ready = self._gauge("rankspec_ready", "1 while requests should be sent")
        self._loads = Counter(
            "rankspec_bundle_loads", "Bundles that were opened, by code", ["code"], registry=self._registry
        )
        for name, text, read in (
            ("rankspec_waiting_requests", "Requests that wait for their turn", lambda: room.requests),
            ("rankspec_waiting_rows", "Rows of requests that wait for their turn", lambda: room.rows),
        ):
            Gauge(name, text, registry=self._registry).set_function(read)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, [*labels, *_BUNDLE], registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, [*labels, *_BUNDLE], registry=self._registry)

    def _histogram(self, name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(name, text, [*labels, *_BUNDLE], buckets=buckets, registry=self._registry)

    def _of(self, metric: MetricWrapperBase, *labels: str) -> Any:
        """A metric's series of these labels, the bundle's last."""
        key = (metric, *labels)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = metric.labels(*labels)
        return series

    def exposition(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)

    def request(self, protocol: str, code: str, seconds: float, model: ServedModel | None) -> None:
        """Counts a request."""
        bundle = ("", "") if model is None else bundle_labels(model.scorer.manifest, model.digest)
        self._of(self._requests, protocol, code, *bundle).inc()
        self._of(self._seconds, protocol, *bundle).observe(seconds)

    def load(self, code: str) -> None:
        """Counts a bundle that was opened, or was not: `OK` or the scorer's code."""
        self._loads.labels(code).inc()

    def serve(self, model: ServedModel) -> None:
        """Says which bundle is served, and what its validation set was like."""
        manifest = model.scorer.manifest
        bundle = bundle_labels(manifest, model.digest)
        self._ready.clear()
        self._ready.labels(*bundle).set(1)
        if not manifest.HasField("baseline"):
            return
        for output, mean in zip(manifest.outputs, manifest.baseline.mean_outputs, strict=False):
            self._mean.labels(output.name, *bundle).set(mean)
        for item in manifest.baseline.inputs:
            share = float(np.mean(item.missing_shares)) if item.missing_shares else 0.0
            self._missing_share.labels(item.input, *bundle).set(share)
        tables = manifest.signature.id_tables
        for table, share in zip(tables, manifest.baseline.out_of_range_shares, strict=False):
            self._unseen_share.labels(table.name, *bundle).set(share)

    def unready(self) -> None:
        """Says that no more requests should be sent."""
        self._ready.clear()

    def batch(self, manifest: BundleManifest, digest: str, requests: int, rows: int) -> None:
        """Counts a batch."""
        bundle = bundle_labels(manifest, digest)
        self._of(self._rows, *bundle).inc(rows)
        self._of(self._batch_rows, *bundle).observe(rows)
        self._of(self._batch_requests, *bundle).observe(requests)

    def observe(
        self,
        manifest: BundleManifest,
        digest: str,
        inputs: Mapping[str, NDArray[Any]],
        outputs: Mapping[str, NDArray[np.float32]],
    ) -> None:
        """Looks at the first rows of a batch. May be called in any thread."""
        bundle = bundle_labels(manifest, digest)
        for item in manifest.signature.inputs:
            values = inputs[item.name][:_MOST_OBSERVED_ROWS]
            num_values = np.count_nonzero(values != PADDING) if item.list else values.size
            self._of(self._values, item.name, *bundle).inc(int(num_values))
            missing = (
                values.size - np.count_nonzero(np.isfinite(values)) if item.type == bundle_pb2.VALUE_TYPE_FLOAT32 else 0
            )
            self._of(self._missing, item.name, *bundle).inc(int(missing))
        lists = {item.name for item in manifest.signature.inputs if item.list}
        for table in manifest.signature.id_tables:
            values = inputs[table.input][:_MOST_OBSERVED_ROWS]
            unseen = is_out_of_range(values, table.position, table.num_ids, is_list=table.input in lists)
            self._of(self._unseen, table.name, *bundle).inc(int(unseen.sum()))
        for place, output in enumerate(manifest.outputs):
            scores = outputs[output.name][:_MOST_OBSERVED_ROWS]
            mean = self._means[output.name, *bundle].with_scores(scores[np.isfinite(scores)])
            self._of(self._score_mean, output.name, *bundle).set(mean)
            if manifest.HasField("baseline"):
                self._of(self._drift, output.name, *bundle).set(mean - manifest.baseline.mean_outputs[place])
        self._of(self._observed, *bundle).inc(min(_MOST_OBSERVED_ROWS, len(outputs[manifest.outputs[0].name])))

    def forget(self, manifest: BundleManifest, digest: str) -> None:
        """Drops what was counted of a bundle that is served no more, so that many reloads take no memory."""
        bundle = bundle_labels(manifest, digest)
        for metric in (
            self._requests,
            self._seconds,
            self._rows,
            self._batch_rows,
            self._batch_requests,
            self._observed,
            self._missing,
            self._values,
            self._unseen,
            self._score_mean,
            self._drift,
            self._mean,
            self._missing_share,
            self._unseen_share,
        ):
            _forget(metric, bundle)
        for kept in (self._means, self._series):
            # A copy: another thread may be adding to it.
            for key in list(kept):
                if key[-2:] == bundle:
                    kept.pop(key, None)


def _forget(metric: MetricWrapperBase, bundle: tuple[str, str]) -> None:
    metric.remove_by_labels(dict(zip(_BUNDLE, bundle, strict=True)))
