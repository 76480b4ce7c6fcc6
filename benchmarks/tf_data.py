"""Reads TFRecord files with tf.data on one thread; run by `benchmarks.tfrecord` where TensorFlow is.

The argument is a schema file. Each line of the input names a file; the answer is a line of JSON.
"""

import json
import sys
import time
from pathlib import Path

import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
_TYPES = {"float_list": tf.float32, "int64_list": tf.int64}
_FEATURES = {
    entry["feature_name"]: tf.io.FixedLenFeature([entry["length"]], _TYPES[entry["dtype"]])
    for entry in json.loads(Path(sys.argv[1]).read_text())["schema"]
}


def _batches(file: str) -> tf.data.Dataset:
    records = tf.data.TFRecordDataset(file, "GZIP" if file.endswith(".gz") else "")
    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.threading.max_intra_op_parallelism = 1
    return records.batch(256).map(lambda batch: tf.io.parse_example(batch, _FEATURES)).with_options(options)


for line in sys.stdin:
    dataset, num_rows = _batches(line.strip()), 0
    begin = time.process_time()
    for batch in dataset:
        num_rows += next(iter(batch.values())).shape[0]
    print(json.dumps({"rows": num_rows, "seconds": time.process_time() - begin}), flush=True)
