from buf.validate import validate_pb2 as _validate_pb2
from rankspec.options.v1 import options_pb2 as _options_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class TwhinDataConfig(_message.Message):
    __slots__ = ("data_root", "per_replica_batch_size", "global_negatives", "in_batch_negatives", "limit", "offset")
    DATA_ROOT_FIELD_NUMBER: _ClassVar[int]
    PER_REPLICA_BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_NEGATIVES_FIELD_NUMBER: _ClassVar[int]
    IN_BATCH_NEGATIVES_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    data_root: str
    per_replica_batch_size: int
    global_negatives: int
    in_batch_negatives: int
    limit: int
    offset: int
    def __init__(self, data_root: _Optional[str] = ..., per_replica_batch_size: _Optional[int] = ..., global_negatives: _Optional[int] = ..., in_batch_negatives: _Optional[int] = ..., limit: _Optional[int] = ..., offset: _Optional[int] = ...) -> None: ...
