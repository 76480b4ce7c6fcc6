"""What `rankspec serve` is measured beside: a server of an ONNX model that checks, joins and counts nothing."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import onnxruntime
from tritonclient.grpc import service_pb2

_TYPES = {"FP32": np.float32, "INT64": np.int64}


def main() -> None:
    """Serves the model that the command line names, with so many threads; prints the port."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(sys.argv[2])
    session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])

    def infer(request: Any, _context: Any) -> Any:
        inputs = {
            item.name: np.frombuffer(raw, _TYPES[item.datatype]).reshape(tuple(item.shape))
            for item, raw in zip(request.inputs, request.raw_input_contents, strict=True)
        }
        (outputs,) = session.run(None, inputs)
        response = service_pb2.ModelInferResponse(raw_output_contents=[outputs.tobytes()])
        response.outputs.add(name="outputs", datatype="FP32", shape=outputs.shape)
        return response

    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_receive_message_length", -1)])
    method = grpc.unary_unary_rpc_method_handler(
        infer, service_pb2.ModelInferRequest.FromString, service_pb2.ModelInferResponse.SerializeToString
    )
    name = "inference.GRPCInferenceService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"ModelInfer": method}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"grpc://127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
