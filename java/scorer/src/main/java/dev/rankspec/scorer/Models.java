package dev.rankspec.scorer;

import com.google.protobuf.CodedInputStream;
import dev.rankspec.serving.v1.BundleFile;
import dev.rankspec.serving.v1.BundleManifest;
import dev.rankspec.serving.v1.ErrorCode;
import dev.rankspec.serving.v1.ExternalTensor;
import dev.rankspec.serving.v1.OnnxAttribute;
import dev.rankspec.serving.v1.OnnxEntry;
import dev.rankspec.serving.v1.OnnxGraph;
import dev.rankspec.serving.v1.OnnxModel;
import dev.rankspec.serving.v1.OnnxNode;
import dev.rankspec.serving.v1.OnnxOperatorSet;
import dev.rankspec.serving.v1.OnnxTensor;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Looks at an ONNX model before ONNX Runtime is given it. */
final class Models {
  private static final List<String> OWN_DOMAINS = List.of("", "ai.onnx");
  // Numbers of ONNX's own schema.
  private static final int FLOAT32 = 1;
  private static final int EXTERNAL = 1;

  private Models() {}

  /** Makes sure that a model has ONNX's own operators only, and its tensors in itself or where the manifest says. */
  static void check(byte[] data, BundleManifest manifest) throws ScoringException {
    OnnxModel model;
    try {
      CodedInputStream input = CodedInputStream.newInstance(data);
      model = OnnxModel.parseFrom(input);
    } catch (IOException e) {
      throw invalid(manifest, "an ONNX model", e);
    }
    boolean isOwn =
        Stream.concat(
                model.getOpsetImportList().stream().map(OnnxOperatorSet::getDomain),
                graphs(model.getGraph()).flatMap(graph -> graph.getNodeList().stream()).map(OnnxNode::getDomain))
            .allMatch(OWN_DOMAINS::contains);
    if (!isOwn || model.getFunctionsCount() > 0 || model.getGraph().getSparseInitializerCount() > 0) {
      throw invalid(manifest, "ONNX's own operators, and plain tensors", null);
    }
    if (!hasExternalData(model.getGraph(), manifest)) {
      throw ScoringException.of(
          ErrorCode.ERROR_CODE_EXTERNAL_DATA_INVALID,
          manifest.getModelFile(),
          "external tensors of float32 exactly where external_tensors says");
    }
  }

  static ScoringException invalid(BundleManifest manifest, String expectation, Throwable cause) {
    return ScoringException.of(ErrorCode.ERROR_CODE_MODEL_INVALID, manifest.getModelFile(), expectation, cause);
  }

  /** Returns the bytes of a tensor of float32, or -1 if they are more than {@code most} or a size is not above 0. */
  static long numBytes(List<Long> shape, long most) {
    long bytes = 4;
    for (long size : shape) {
      if (size < 1 || size > most / bytes) {
        return -1;
      }
      bytes *= size;
    }
    return bytes <= most ? bytes : -1;
  }

  /** Returns a graph, and all graphs inside of it. */
  private static Stream<OnnxGraph> graphs(OnnxGraph graph) {
    return Stream.concat(
        Stream.of(graph), attributes(graph).flatMap(Models::innerGraphs).flatMap(Models::graphs));
  }

  private static Stream<OnnxAttribute> attributes(OnnxGraph graph) {
    return graph.getNodeList().stream().flatMap(node -> node.getAttributeList().stream());
  }

  private static Stream<OnnxGraph> innerGraphs(OnnxAttribute attribute) {
    Stream<OnnxGraph> single = attribute.hasG() ? Stream.of(attribute.getG()) : Stream.empty();
    return Stream.concat(single, attribute.getGraphsList().stream());
  }

  private static boolean isExternal(OnnxTensor tensor) {
    return tensor.getDataLocation() == EXTERNAL;
  }

  private static boolean hasExternalData(OnnxGraph graph, BundleManifest manifest) {
    if (hidesTensors(graph)) {
      return false;
    }
    Map<String, OnnxTensor> external = new HashMap<>();
    graph.getInitializerList().stream().filter(Models::isExternal).forEach(tensor -> external.put(tensor.getName(), tensor));
    Map<String, Long> sizes =
        manifest.getFilesList().stream().collect(Collectors.toMap(BundleFile::getName, BundleFile::getSize));
    List<ExternalTensor> listed = manifest.getExternalTensorsList();
    long distinct = listed.stream().map(ExternalTensor::getName).distinct().count();
    return distinct == listed.size()
        && distinct == external.size()
        && listed.stream().allMatch(tensor -> agree(external.get(tensor.getName()), tensor, sizes));
  }

  /** Returns whether there are external tensors elsewhere than among the graph's own constants. */
  private static boolean hidesTensors(OnnxGraph outer) {
    Stream<OnnxTensor> ofGraphs =
        graphs(outer).filter(graph -> graph != outer).flatMap(graph -> graph.getInitializerList().stream());
    Stream<OnnxTensor> ofOperators =
        graphs(outer)
            .flatMap(Models::attributes)
            .flatMap(own -> Stream.concat(Stream.of(own.getT()), own.getTensorsList().stream()));
    return Stream.concat(ofGraphs, ofOperators).anyMatch(Models::isExternal);
  }

  /** Returns whether model and manifest say the same of where a tensor lies, and it lies there. */
  private static boolean agree(OnnxTensor tensor, ExternalTensor listed, Map<String, Long> sizes) {
    if (tensor == null || tensor.getDataType() != FLOAT32 || !tensor.getDimsList().equals(listed.getShapeList())) {
      return false;
    }
    long size = sizes.getOrDefault(listed.getFile(), -1L);
    long offset = listed.getOffset();
    long numBytes = numBytes(listed.getShapeList(), size);
    if (numBytes < 0 || offset < 0 || offset > size - numBytes || offset % 4 != 0) {
      return false;
    }
    Map<String, String> said = new HashMap<>(Map.of("offset", "0", "length", Long.toString(numBytes)));
    for (OnnxEntry entry : tensor.getExternalDataList()) {
      said.put(entry.getKey(), entry.getValue());
    }
    return listed.getFile().equals(said.get("location"))
        && said.get("offset").equals(Long.toString(offset))
        && said.get("length").equals(Long.toString(numBytes));
  }
}
