package dev.rankspec.scorer;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.rankspec.recap.v1.OutOfRangeIds;
import dev.rankspec.serving.v1.BundleFile;
import dev.rankspec.serving.v1.BundleManifest;
import dev.rankspec.serving.v1.ErrorCode;
import dev.rankspec.serving.v1.FeatureSignature;
import dev.rankspec.serving.v1.GoldenBatch;
import dev.rankspec.serving.v1.IdTable;
import dev.rankspec.serving.v1.ServedInput;
import dev.rankspec.serving.v1.ServedOutput;
import dev.rankspec.serving.v1.ValueType;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reading manifests, and what they have to say consistently. */
final class Manifests {
  static final String FILE = "manifest.binpb";

  /** Compares by UTF-8 bytes, as every language does. */
  static final Comparator<String> BY_BYTES =
      (one, other) ->
          Arrays.compareUnsigned(one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));

  private static final int FORMAT_VERSION = 2;

  /** The first version whose readers know lists of ids. */
  private static final int LISTS_SINCE = 2;

  private static final int SHA256_LENGTH = 64;
  private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*");

  private Manifests() {}

  static BundleManifest parsed(byte[] data) throws ScoringException {
    BundleManifest manifest;
    try {
      manifest = BundleManifest.parseFrom(data);
    } catch (InvalidProtocolBufferException e) {
      throw invalid("a BundleManifest in protobuf's binary form");
    }
    if (manifest.getLeastReaderVersion() > FORMAT_VERSION) {
      String expectation =
          "a bundle for readers of version " + FORMAT_VERSION + ", not of " + manifest.getLeastReaderVersion() + " or later";
      throw ScoringException.of(ErrorCode.ERROR_CODE_VERSION_UNKNOWN, FILE, expectation);
    }
    if (manifest.getFilesList().stream().anyMatch(file -> !isPlain(file.getName()) || file.getName().equals(FILE))) {
      throw ScoringException.of(ErrorCode.ERROR_CODE_NAME_UNSAFE, FILE, "plain names of files in the folder itself");
    }
    Optional<String> problem =
        Stream.<Function<BundleManifest, String>>of(
                Manifests::aboutFiles,
                own -> aboutInputs(own.getSignature()),
                own -> aboutTables(own.getSignature()),
                Manifests::aboutOutputs,
                Manifests::aboutGoldenRows)
            .map(find -> find.apply(manifest))
            .filter(found -> !found.isEmpty())
            .findFirst();
    if (problem.isPresent()) {
      throw invalid(problem.get());
    }
    return manifest;
  }

  private static ScoringException invalid(String expectation) {
    return ScoringException.of(ErrorCode.ERROR_CODE_MANIFEST_INVALID, FILE, expectation);
  }

  private static boolean isPlain(String name) {
    return PLAIN_NAME.matcher(name).matches();
  }

  private static String aboutFiles(BundleManifest manifest) {
    List<String> names = manifest.getFilesList().stream().map(BundleFile::getName).toList();
    if (manifest.getFormatVersion() < 1 || manifest.getLeastReaderVersion() < 1) {
      return "versions from 1 on";
    }
    boolean hasLists = manifest.getSignature().getInputsList().stream().anyMatch(ServedInput::getList);
    if (hasLists && manifest.getLeastReaderVersion() < LISTS_SINCE) {
      return "a least_reader_version of " + LISTS_SINCE + " where inputs have lists";
    }
    if (!areDistinct(names)) {
      return "every file once";
    }
    if (manifest.getFilesList().stream()
        .anyMatch(file -> file.getSize() < 0 || file.getSha256().length() != SHA256_LENGTH)) {
      return "a size and a SHA-256 for every file";
    }
    if (!names.contains(manifest.getModelFile())
        || !names.contains(manifest.getGoldenFile())
        || !names.contains(manifest.getConfigFile())
        || !names.contains(manifest.getConfigTextFile())) {
      return "model_file, golden_file, config_file and config_text_file among files";
    }
    if (manifest.hasRecipeFile() && !names.contains(manifest.getRecipeFile())) {
      return "recipe_file among files";
    }
    boolean lacksVocabulary = manifest.getSignature().getIdTablesList().stream()
        .anyMatch(table -> table.hasVocabularyFile() && !names.contains(table.getVocabularyFile()));
    return lacksVocabulary ? "vocabulary_file among files" : "";
  }

  private static String aboutInputs(FeatureSignature signature) {
    List<ServedInput> inputs = signature.getInputsList();
    if (inputs.isEmpty() || !areDistinct(inputs.stream().map(ServedInput::getName).toList())) {
      return "inputs, each once";
    }
    if (!inputs.stream().allMatch(input -> isPlain(input.getName()) && input.getWidth() >= 1 && hasType(input))) {
      return "a plain name, a width and a type for every input";
    }
    if (inputs.stream().anyMatch(input -> input.getList() && !isOfLists(input))) {
      return "lists of ids alone: whole numbers, a width of 1, no unread_positions and no allowed_values";
    }
    if (!inputs.stream().allMatch(Manifests::hasFittingFeatures)) {
      return "feature_names for every position or none, each once, and unread_positions in the row";
    }
    String hash = signature.getHash();
    return hash.codePointCount(0, hash.length()) == SHA256_LENGTH ? "" : "the signature's hash";
  }

  private static boolean hasType(ServedInput input) {
    return input.getType() == ValueType.VALUE_TYPE_FLOAT32 || input.getType() == ValueType.VALUE_TYPE_INT64;
  }

  private static boolean isOfLists(ServedInput input) {
    return input.getType() == ValueType.VALUE_TYPE_INT64
        && input.getWidth() == 1
        && input.getUnreadPositionsCount() == 0
        && !input.hasAllowedValues();
  }

  private static boolean hasFittingFeatures(ServedInput input) {
    int given = input.getFeatureNamesCount();
    return (given == 0 || given == input.getWidth())
        && areDistinct(input.getFeatureNamesList())
        && input.getUnreadPositionsList().stream().allMatch(position -> position >= 0 && position < input.getWidth());
  }

  private static String aboutTables(FeatureSignature signature) {
    Map<String, Integer> whole = new HashMap<>();
    for (ServedInput input : signature.getInputsList()) {
      if (input.getType() == ValueType.VALUE_TYPE_INT64) {
        whole.put(input.getName(), input.getWidth());
      }
    }
    for (IdTable table : signature.getIdTablesList()) {
      boolean isInRow = table.getPosition() >= 0 && table.getPosition() < whole.getOrDefault(table.getInput(), 0);
      if (!isInRow || table.getNumIds() < 1 || !hasPolicy(table)) {
        return "id_tables over positions of inputs of whole numbers";
      }
    }
    return "";
  }

  private static boolean hasPolicy(IdTable table) {
    OutOfRangeIds policy = table.getOutOfRangeIds();
    return policy == OutOfRangeIds.OUT_OF_RANGE_IDS_ERROR || policy == OutOfRangeIds.OUT_OF_RANGE_IDS_BUCKET;
  }

  private static String aboutOutputs(BundleManifest manifest) {
    List<String> names = manifest.getOutputsList().stream().map(ServedOutput::getName).toList();
    if (names.isEmpty() || !areDistinct(names) || !names.equals(names.stream().sorted(BY_BYTES).toList())) {
      return "outputs, each once, in the order of their names' UTF-8 bytes";
    }
    for (Map.Entry<String, Double> weight : manifest.getScoreWeightsMap().entrySet()) {
      if (!names.contains(weight.getKey()) || !Double.isFinite(weight.getValue())) {
        return "finite weights of outputs in score_weights";
      }
    }
    if (manifest.getScoreWeightsCount() > 0 && names.contains(Scorer.SCORE)) {
      return "no weights where an output is called as the combined score is";
    }
    return "";
  }

  private static String aboutGoldenRows(BundleManifest manifest) {
    double tolerance = manifest.getTolerance().getAtOpening();
    if (!(tolerance > 0 && tolerance < Double.POSITIVE_INFINITY)) {
      return "a tolerance above 0";
    }
    List<GoldenBatch> batches = manifest.getGoldenBatchesList();
    return batches.isEmpty() || batches.stream().anyMatch(batch -> batch.getNumRows() < 1)
        ? "golden batches of one row at least"
        : "";
  }

  private static boolean areDistinct(Collection<String> names) {
    Set<String> distinct = new HashSet<>(names);
    return distinct.size() == names.size();
  }
}
