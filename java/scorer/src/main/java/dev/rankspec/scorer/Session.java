package dev.rankspec.scorer;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.rankspec.serving.v1.BundleManifest;
import dev.rankspec.serving.v1.ErrorCode;
import dev.rankspec.serving.v1.ExternalTensor;
import dev.rankspec.serving.v1.ServedInput;
import dev.rankspec.serving.v1.ValueType;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A bundle's model at work. Any number of threads may run it at once. */
final class Session implements AutoCloseable {
  private static final String OUTPUTS = "outputs";
  /** What ONNX Runtime says of a size that is another for every request, such as that of the longest list. */
  private static final int ANY_WIDTH = -1;

  private static final int MAX_MODEL_BYTES = 1 << 30;

  private final OrtEnvironment environment = OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
  private final BundleManifest manifest;
  /** Their values stay in the bundle's files, mapped into memory. */
  private final Map<String, OnnxTensorLike> external = new HashMap<>();
  private OrtSession session;

  private Session(BundleManifest manifest) {
    this.manifest = manifest;
  }

  /** Starts ONNX Runtime with a bundle's model. */
  static Session start(Bundle bundle, int threads) throws ScoringException {
    Session started = new Session(bundle.manifest());
    try {
      started.load(bundle, threads);
      started.checkInterface();
    } catch (OrtException | IOException e) {
      started.close();
      throw Models.invalid(bundle.manifest(), "a model that ONNX Runtime can load", e);
    } catch (ScoringException | RuntimeException e) {
      started.close();
      throw e;
    }
    return started;
  }

  /** Returns the model's outputs, a row after the other. */
  float[] run(Placement.Placed placed) throws OrtException {
    float[] outputs = new float[placed.rows() * manifest.getOutputsCount()];
    Map<String, OnnxTensor> inputs = new HashMap<>();
    try {
      for (ServedInput input : manifest.getSignature().getInputsList()) {
        inputs.put(input.getName(), tensor(placed.inputs().get(inputs.size()), placed.rows()));
      }
      try (OrtSession.Result result = session.run(inputs, Set.of(OUTPUTS))) {
        ((OnnxTensor) result.get(0)).getFloatBuffer().get(outputs);
      }
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
    return outputs;
  }

  @Override
  public void close() {
    try {
      if (session != null) {
        session.close();
      }
    } catch (OrtException e) {
      throw new IllegalStateException("a session is closed once", e);
    }
    external.values().forEach(OnnxTensorLike::close);
  }

  private void load(Bundle bundle, int threads) throws ScoringException, OrtException, IOException {
    byte[] data = bundle.bytes(manifest.getModelFile(), MAX_MODEL_BYTES);
    Models.check(data, manifest);
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL); // What fails is thrown.
      for (ExternalTensor listed : manifest.getExternalTensorsList()) {
        external.put(listed.getName(), externalTensor(bundle, listed));
      }
      if (!external.isEmpty()) {
        options.addExternalInitializers(external);
      }
      session = environment.createSession(data, options);
    }
  }

  private OnnxTensor externalTensor(Bundle bundle, ExternalTensor listed)
      throws ScoringException, OrtException, IOException {
    long numBytes = Models.numBytes(listed.getShapeList(), bundle.size(listed.getFile()));
    if (numBytes > Integer.MAX_VALUE) {
      // A buffer of Java has no more.
      throw ScoringException.of(
          ErrorCode.ERROR_CODE_FILE_TOO_LARGE, listed.getFile(), Integer.MAX_VALUE + " bytes at most");
    }
    FloatBuffer values = bundle.content(listed.getFile(), listed.getOffset(), numBytes).asFloatBuffer();
    long[] shape = listed.getShapeList().stream().mapToLong(Long::longValue).toArray();
    return OnnxTensor.createTensor(environment, values, shape);
  }

  private OnnxTensor tensor(Column column, int rows) throws OrtException {
    long[] shape = {rows, column.width()};
    return column.isFloat()
        ? OnnxTensor.createTensor(environment, FloatBuffer.wrap(column.floats()), shape)
        : OnnxTensor.createTensor(environment, LongBuffer.wrap(column.integers()), shape);
  }

  /** Makes sure that the model takes the signature's inputs and gives the outputs. */
  private void checkInterface() throws ScoringException, OrtException {
    List<String> inputs =
        manifest.getSignature().getInputsList().stream()
            .map(Session::described)
            .sorted()
            .toList();
    if (!described(session.getInputInfo().values()).equals(inputs)) {
      throw Models.invalid(manifest, "the inputs of the signature", null);
    }
    List<String> outputs = List.of(described(OUTPUTS, OnnxJavaType.FLOAT, manifest.getOutputsCount()));
    if (!described(session.getOutputInfo().values()).equals(outputs)) {
      throw Models.invalid(manifest, "one output, " + OUTPUTS + ", with a column for each of outputs", null);
    }
  }

  private static boolean isFloat(ServedInput input) {
    return input.getType() == ValueType.VALUE_TYPE_FLOAT32;
  }

  /** Returns what the model says of its inputs or outputs, in a form that only matrices have. */
  private static List<String> described(Collection<NodeInfo> ports) {
    return ports.stream()
        .map(
            port ->
                port.getInfo() instanceof TensorInfo info && info.getShape().length == 2
                    ? described(port.getName(), info.type, info.getShape()[1])
                    : "no matrix")
        .sorted()
        .toList();
  }

  private static String described(ServedInput input) {
    OnnxJavaType type = isFloat(input) ? OnnxJavaType.FLOAT : OnnxJavaType.INT64;
    return described(input.getName(), type, input.getList() ? ANY_WIDTH : input.getWidth());
  }

  private static String described(String name, OnnxJavaType type, long width) {
    return name + " " + type + " " + width;
  }
}
