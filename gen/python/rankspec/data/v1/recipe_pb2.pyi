from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RawKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RAW_KIND_UNSPECIFIED: _ClassVar[RawKind]
    RAW_KIND_TEXT: _ClassVar[RawKind]
    RAW_KIND_INT64: _ClassVar[RawKind]
    RAW_KIND_FLOAT64: _ClassVar[RawKind]
    RAW_KIND_BOOL: _ClassVar[RawKind]
    RAW_KIND_TIME: _ClassVar[RawKind]

class FillFigure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FILL_FIGURE_UNSPECIFIED: _ClassVar[FillFigure]
    FILL_FIGURE_MEAN: _ClassVar[FillFigure]
    FILL_FIGURE_MEDIAN: _ClassVar[FillFigure]
RAW_KIND_UNSPECIFIED: RawKind
RAW_KIND_TEXT: RawKind
RAW_KIND_INT64: RawKind
RAW_KIND_FLOAT64: RawKind
RAW_KIND_BOOL: RawKind
RAW_KIND_TIME: RawKind
FILL_FIGURE_UNSPECIFIED: FillFigure
FILL_FIGURE_MEAN: FillFigure
FILL_FIGURE_MEDIAN: FillFigure

class ZoneOffset(_message.Message):
    __slots__ = ("local_micros", "offset_seconds")
    LOCAL_MICROS_FIELD_NUMBER: _ClassVar[int]
    OFFSET_SECONDS_FIELD_NUMBER: _ClassVar[int]
    local_micros: int
    offset_seconds: int
    def __init__(self, local_micros: _Optional[int] = ..., offset_seconds: _Optional[int] = ...) -> None: ...

class TimeZone(_message.Message):
    __slots__ = ("name", "offsets")
    NAME_FIELD_NUMBER: _ClassVar[int]
    OFFSETS_FIELD_NUMBER: _ClassVar[int]
    name: str
    offsets: _containers.RepeatedCompositeFieldContainer[ZoneOffset]
    def __init__(self, name: _Optional[str] = ..., offsets: _Optional[_Iterable[_Union[ZoneOffset, _Mapping]]] = ...) -> None: ...

class RawColumn(_message.Message):
    __slots__ = ("name", "kind", "list", "separator", "time_zone", "time_unit_micros")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    LIST_FIELD_NUMBER: _ClassVar[int]
    SEPARATOR_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    TIME_UNIT_MICROS_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: RawKind
    list: bool
    separator: str
    time_zone: TimeZone
    time_unit_micros: int
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[RawKind, str]] = ..., list: _Optional[bool] = ..., separator: _Optional[str] = ..., time_zone: _Optional[_Union[TimeZone, _Mapping]] = ..., time_unit_micros: _Optional[int] = ...) -> None: ...

class TextFormat(_message.Message):
    __slots__ = ("missing", "true_values", "false_values", "decimal_comma")
    MISSING_FIELD_NUMBER: _ClassVar[int]
    TRUE_VALUES_FIELD_NUMBER: _ClassVar[int]
    FALSE_VALUES_FIELD_NUMBER: _ClassVar[int]
    DECIMAL_COMMA_FIELD_NUMBER: _ClassVar[int]
    missing: _containers.RepeatedScalarFieldContainer[str]
    true_values: _containers.RepeatedScalarFieldContainer[str]
    false_values: _containers.RepeatedScalarFieldContainer[str]
    decimal_comma: bool
    def __init__(self, missing: _Optional[_Iterable[str]] = ..., true_values: _Optional[_Iterable[str]] = ..., false_values: _Optional[_Iterable[str]] = ..., decimal_comma: _Optional[bool] = ...) -> None: ...

class Clip(_message.Message):
    __slots__ = ("low_quantile", "high_quantile")
    LOW_QUANTILE_FIELD_NUMBER: _ClassVar[int]
    HIGH_QUANTILE_FIELD_NUMBER: _ClassVar[int]
    low_quantile: float
    high_quantile: float
    def __init__(self, low_quantile: _Optional[float] = ..., high_quantile: _Optional[float] = ...) -> None: ...

class NumberFitting(_message.Message):
    __slots__ = ("fill", "low", "high", "mean", "inverse_deviation", "num_values", "num_missing", "num_not_finite", "quantiles")
    FILL_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    INVERSE_DEVIATION_FIELD_NUMBER: _ClassVar[int]
    NUM_VALUES_FIELD_NUMBER: _ClassVar[int]
    NUM_MISSING_FIELD_NUMBER: _ClassVar[int]
    NUM_NOT_FINITE_FIELD_NUMBER: _ClassVar[int]
    QUANTILES_FIELD_NUMBER: _ClassVar[int]
    fill: float
    low: float
    high: float
    mean: float
    inverse_deviation: float
    num_values: int
    num_missing: int
    num_not_finite: int
    quantiles: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, fill: _Optional[float] = ..., low: _Optional[float] = ..., high: _Optional[float] = ..., mean: _Optional[float] = ..., inverse_deviation: _Optional[float] = ..., num_values: _Optional[int] = ..., num_missing: _Optional[int] = ..., num_not_finite: _Optional[int] = ..., quantiles: _Optional[_Iterable[float]] = ...) -> None: ...

class NumberFeature(_message.Message):
    __slots__ = ("column", "fill_figure", "fill_constant", "missing_flag", "clip", "standardize", "fitted")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    FILL_FIGURE_FIELD_NUMBER: _ClassVar[int]
    FILL_CONSTANT_FIELD_NUMBER: _ClassVar[int]
    MISSING_FLAG_FIELD_NUMBER: _ClassVar[int]
    CLIP_FIELD_NUMBER: _ClassVar[int]
    STANDARDIZE_FIELD_NUMBER: _ClassVar[int]
    FITTED_FIELD_NUMBER: _ClassVar[int]
    column: str
    fill_figure: FillFigure
    fill_constant: float
    missing_flag: bool
    clip: Clip
    standardize: bool
    fitted: NumberFitting
    def __init__(self, column: _Optional[str] = ..., fill_figure: _Optional[_Union[FillFigure, str]] = ..., fill_constant: _Optional[float] = ..., missing_flag: _Optional[bool] = ..., clip: _Optional[_Union[Clip, _Mapping]] = ..., standardize: _Optional[bool] = ..., fitted: _Optional[_Union[NumberFitting, _Mapping]] = ...) -> None: ...

class DistinctEdges(_message.Message):
    __slots__ = ("max_values", "optional")
    MAX_VALUES_FIELD_NUMBER: _ClassVar[int]
    OPTIONAL_FIELD_NUMBER: _ClassVar[int]
    max_values: int
    optional: bool
    def __init__(self, max_values: _Optional[int] = ..., optional: _Optional[bool] = ...) -> None: ...

class QuantileEdges(_message.Message):
    __slots__ = ("num_bins",)
    NUM_BINS_FIELD_NUMBER: _ClassVar[int]
    num_bins: int
    def __init__(self, num_bins: _Optional[int] = ...) -> None: ...

class BinnedFitting(_message.Message):
    __slots__ = ("edges", "num_values", "num_missing")
    EDGES_FIELD_NUMBER: _ClassVar[int]
    NUM_VALUES_FIELD_NUMBER: _ClassVar[int]
    NUM_MISSING_FIELD_NUMBER: _ClassVar[int]
    edges: _containers.RepeatedScalarFieldContainer[float]
    num_values: int
    num_missing: int
    def __init__(self, edges: _Optional[_Iterable[float]] = ..., num_values: _Optional[int] = ..., num_missing: _Optional[int] = ...) -> None: ...

class BinnedFeature(_message.Message):
    __slots__ = ("column", "distinct", "quantiles", "fitted")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    DISTINCT_FIELD_NUMBER: _ClassVar[int]
    QUANTILES_FIELD_NUMBER: _ClassVar[int]
    FITTED_FIELD_NUMBER: _ClassVar[int]
    column: str
    distinct: DistinctEdges
    quantiles: QuantileEdges
    fitted: BinnedFitting
    def __init__(self, column: _Optional[str] = ..., distinct: _Optional[_Union[DistinctEdges, _Mapping]] = ..., quantiles: _Optional[_Union[QuantileEdges, _Mapping]] = ..., fitted: _Optional[_Union[BinnedFitting, _Mapping]] = ...) -> None: ...

class ListPlaces(_message.Message):
    __slots__ = ("width",)
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    width: int
    def __init__(self, width: _Optional[int] = ...) -> None: ...

class CategoryFitting(_message.Message):
    __slots__ = ("values", "file", "sha256", "num_values", "num_missing", "num_rare")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    NUM_VALUES_FIELD_NUMBER: _ClassVar[int]
    NUM_MISSING_FIELD_NUMBER: _ClassVar[int]
    NUM_RARE_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    file: str
    sha256: str
    num_values: int
    num_missing: int
    num_rare: int
    def __init__(self, values: _Optional[_Iterable[str]] = ..., file: _Optional[str] = ..., sha256: _Optional[str] = ..., num_values: _Optional[int] = ..., num_missing: _Optional[int] = ..., num_rare: _Optional[int] = ...) -> None: ...

class CategoryFeature(_message.Message):
    __slots__ = ("column", "min_count", "max_values", "list", "fitted")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    MIN_COUNT_FIELD_NUMBER: _ClassVar[int]
    MAX_VALUES_FIELD_NUMBER: _ClassVar[int]
    LIST_FIELD_NUMBER: _ClassVar[int]
    FITTED_FIELD_NUMBER: _ClassVar[int]
    column: str
    min_count: int
    max_values: int
    list: ListPlaces
    fitted: CategoryFitting
    def __init__(self, column: _Optional[str] = ..., min_count: _Optional[int] = ..., max_values: _Optional[int] = ..., list: _Optional[_Union[ListPlaces, _Mapping]] = ..., fitted: _Optional[_Union[CategoryFitting, _Mapping]] = ...) -> None: ...

class HashedFeature(_message.Message):
    __slots__ = ("column", "num_buckets", "salt", "list")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    NUM_BUCKETS_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    LIST_FIELD_NUMBER: _ClassVar[int]
    column: str
    num_buckets: int
    salt: str
    list: ListPlaces
    def __init__(self, column: _Optional[str] = ..., num_buckets: _Optional[int] = ..., salt: _Optional[str] = ..., list: _Optional[_Union[ListPlaces, _Mapping]] = ...) -> None: ...

class FlagFeature(_message.Message):
    __slots__ = ("column", "missing_flag")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    MISSING_FLAG_FIELD_NUMBER: _ClassVar[int]
    column: str
    missing_flag: bool
    def __init__(self, column: _Optional[str] = ..., missing_flag: _Optional[bool] = ...) -> None: ...

class Feature(_message.Message):
    __slots__ = ("name", "number", "binned", "category", "hashed", "flag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    BINNED_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    HASHED_FIELD_NUMBER: _ClassVar[int]
    FLAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    number: NumberFeature
    binned: BinnedFeature
    category: CategoryFeature
    hashed: HashedFeature
    flag: FlagFeature
    def __init__(self, name: _Optional[str] = ..., number: _Optional[_Union[NumberFeature, _Mapping]] = ..., binned: _Optional[_Union[BinnedFeature, _Mapping]] = ..., category: _Optional[_Union[CategoryFeature, _Mapping]] = ..., hashed: _Optional[_Union[HashedFeature, _Mapping]] = ..., flag: _Optional[_Union[FlagFeature, _Mapping]] = ...) -> None: ...

class RecipeLabel(_message.Message):
    __slots__ = ("task", "column", "at_least", "equals")
    TASK_FIELD_NUMBER: _ClassVar[int]
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    AT_LEAST_FIELD_NUMBER: _ClassVar[int]
    EQUALS_FIELD_NUMBER: _ClassVar[int]
    task: str
    column: str
    at_least: float
    equals: str
    def __init__(self, task: _Optional[str] = ..., column: _Optional[str] = ..., at_least: _Optional[float] = ..., equals: _Optional[str] = ...) -> None: ...

class SplitPart(_message.Message):
    __slots__ = ("name", "per_mille")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PER_MILLE_FIELD_NUMBER: _ClassVar[int]
    name: str
    per_mille: int
    def __init__(self, name: _Optional[str] = ..., per_mille: _Optional[int] = ...) -> None: ...

class KeySplit(_message.Message):
    __slots__ = ("columns", "salt")
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SALT_FIELD_NUMBER: _ClassVar[int]
    columns: _containers.RepeatedScalarFieldContainer[str]
    salt: str
    def __init__(self, columns: _Optional[_Iterable[str]] = ..., salt: _Optional[str] = ...) -> None: ...

class TimeSplit(_message.Message):
    __slots__ = ("column", "start_micros", "round_to_micros", "gap_micros")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    START_MICROS_FIELD_NUMBER: _ClassVar[int]
    ROUND_TO_MICROS_FIELD_NUMBER: _ClassVar[int]
    GAP_MICROS_FIELD_NUMBER: _ClassVar[int]
    column: str
    start_micros: _containers.RepeatedScalarFieldContainer[int]
    round_to_micros: int
    gap_micros: int
    def __init__(self, column: _Optional[str] = ..., start_micros: _Optional[_Iterable[int]] = ..., round_to_micros: _Optional[int] = ..., gap_micros: _Optional[int] = ...) -> None: ...

class Split(_message.Message):
    __slots__ = ("parts", "fit_part", "key", "time")
    PARTS_FIELD_NUMBER: _ClassVar[int]
    FIT_PART_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedCompositeFieldContainer[SplitPart]
    fit_part: str
    key: KeySplit
    time: TimeSplit
    def __init__(self, parts: _Optional[_Iterable[_Union[SplitPart, _Mapping]]] = ..., fit_part: _Optional[str] = ..., key: _Optional[_Union[KeySplit, _Mapping]] = ..., time: _Optional[_Union[TimeSplit, _Mapping]] = ...) -> None: ...

class RecipeOutput(_message.Message):
    __slots__ = ("num_shards", "row_group_rows", "row_key", "carried")
    NUM_SHARDS_FIELD_NUMBER: _ClassVar[int]
    ROW_GROUP_ROWS_FIELD_NUMBER: _ClassVar[int]
    ROW_KEY_FIELD_NUMBER: _ClassVar[int]
    CARRIED_FIELD_NUMBER: _ClassVar[int]
    num_shards: int
    row_group_rows: int
    row_key: _containers.RepeatedScalarFieldContainer[str]
    carried: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, num_shards: _Optional[int] = ..., row_group_rows: _Optional[int] = ..., row_key: _Optional[_Iterable[str]] = ..., carried: _Optional[_Iterable[str]] = ...) -> None: ...

class Fitting(_message.Message):
    __slots__ = ("generator", "num_rows", "num_fit_rows")
    GENERATOR_FIELD_NUMBER: _ClassVar[int]
    NUM_ROWS_FIELD_NUMBER: _ClassVar[int]
    NUM_FIT_ROWS_FIELD_NUMBER: _ClassVar[int]
    generator: str
    num_rows: int
    num_fit_rows: int
    def __init__(self, generator: _Optional[str] = ..., num_rows: _Optional[int] = ..., num_fit_rows: _Optional[int] = ...) -> None: ...

class Recipe(_message.Message):
    __slots__ = ("semantics", "columns", "text", "features", "labels", "split", "output", "fitted")
    SEMANTICS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    SPLIT_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    FITTED_FIELD_NUMBER: _ClassVar[int]
    semantics: int
    columns: _containers.RepeatedCompositeFieldContainer[RawColumn]
    text: TextFormat
    features: _containers.RepeatedCompositeFieldContainer[Feature]
    labels: _containers.RepeatedCompositeFieldContainer[RecipeLabel]
    split: Split
    output: RecipeOutput
    fitted: Fitting
    def __init__(self, semantics: _Optional[int] = ..., columns: _Optional[_Iterable[_Union[RawColumn, _Mapping]]] = ..., text: _Optional[_Union[TextFormat, _Mapping]] = ..., features: _Optional[_Iterable[_Union[Feature, _Mapping]]] = ..., labels: _Optional[_Iterable[_Union[RecipeLabel, _Mapping]]] = ..., split: _Optional[_Union[Split, _Mapping]] = ..., output: _Optional[_Union[RecipeOutput, _Mapping]] = ..., fitted: _Optional[_Union[Fitting, _Mapping]] = ...) -> None: ...
