"""TFRecord files of tf.Example messages as a form of rows, without TensorFlow."""
