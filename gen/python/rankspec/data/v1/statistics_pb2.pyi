from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PlaceStatistics(_message.Message):
    __slots__ = ("place", "num_finite", "num_not_finite", "min", "max", "log_mean", "log_squares")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    NUM_FINITE_FIELD_NUMBER: _ClassVar[int]
    NUM_NOT_FINITE_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    LOG_MEAN_FIELD_NUMBER: _ClassVar[int]
    LOG_SQUARES_FIELD_NUMBER: _ClassVar[int]
    place: int
    num_finite: int
    num_not_finite: int
    min: float
    max: float
    log_mean: float
    log_squares: float
    def __init__(self, place: _Optional[int] = ..., num_finite: _Optional[int] = ..., num_not_finite: _Optional[int] = ..., min: _Optional[float] = ..., max: _Optional[float] = ..., log_mean: _Optional[float] = ..., log_squares: _Optional[float] = ...) -> None: ...

class ColumnStatistics(_message.Message):
    __slots__ = ("column", "length", "places")
    COLUMN_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    column: str
    length: int
    places: _containers.RepeatedCompositeFieldContainer[PlaceStatistics]
    def __init__(self, column: _Optional[str] = ..., length: _Optional[int] = ..., places: _Optional[_Iterable[_Union[PlaceStatistics, _Mapping]]] = ...) -> None: ...

class DataStatistics(_message.Message):
    __slots__ = ("generator", "columns")
    GENERATOR_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    generator: str
    columns: _containers.RepeatedCompositeFieldContainer[ColumnStatistics]
    def __init__(self, generator: _Optional[str] = ..., columns: _Optional[_Iterable[_Union[ColumnStatistics, _Mapping]]] = ...) -> None: ...
