package dev.rankspec.conformance;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.rankspec.Config;
import dev.rankspec.ConfigLoader;
import dev.rankspec.Fingerprint;
import dev.rankspec.InvalidConfigException;
import dev.rankspec.MessageTypes;
import dev.rankspec.Schedules;
import dev.rankspec.conformance.v1.LearningRateAt;
import dev.rankspec.conformance.v1.Load;
import dev.rankspec.conformance.v1.Refusal;
import dev.rankspec.conformance.v1.Request;
import dev.rankspec.conformance.v1.Response;
import dev.rankspec.conformance.v1.Violation;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;
import java.util.stream.Collectors;

/** Decides conformance cases: requests on the standard input, responses on the standard output. */
public final class Executor {
  private Executor() {}

  /** Answers until the requests end. */
  public static void main(String[] arguments) throws IOException {
    answerAll(new BufferedInputStream(System.in), new BufferedOutputStream(System.out));
  }

  static void answerAll(InputStream requests, OutputStream responses) throws IOException {
    for (Request request = Request.parseDelimitedFrom(requests);
        request != null;
        request = Request.parseDelimitedFrom(requests)) {
      answer(request).writeDelimitedTo(responses);
      responses.flush();
    }
  }

  static Response answer(Request request) {
    try {
      return switch (request.getTaskCase()) {
        case LOAD -> load(request.getLoad());
        case LEARNING_RATE_AT -> learningRateAt(request.getLearningRateAt());
        case ENCODE -> EncodingExecutor.encode(request.getEncode());
        case TASK_NOT_SET -> failure("the request asks for nothing");
      };
    } catch (RuntimeException | StackOverflowError broken) {
      // Whatever it is, the other cases go on.
      return failure(broken.toString());
    }
  }

  private static Response load(Load load) {
    Message prototype =
        MessageTypes.named(load.getMessage())
            .orElseThrow(() -> new IllegalArgumentException("there is no message " + load.getMessage()));
    ConfigLoader<Message> loader =
        ConfigLoader.of(prototype).withVariables(decoded(load.getVariablesMap()));
    try {
      return switch (load.getSourceCase()) {
        case BINARY -> valid(loader.loadBinary(load.getBinary().toByteArray()));
        case JSON ->
            Response.newBuilder().setUnsupported("the Java package does not take JSON").build();
        case TEXT, SOURCE_NOT_SET -> valid(loader.loadText(load.getText().toByteArray()));
      };
    } catch (InvalidConfigException invalid) {
      return refusal(invalid);
    }
  }

  /** Decodes variables as those of the process are. */
  private static Map<String, String> decoded(Map<String, ByteString> variables) {
    return variables.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().toStringUtf8()));
  }

  private static Response valid(Config<Message> config) {
    Fingerprint fingerprint = config.fingerprint();
    return Response.newBuilder()
        .setConfig(
            dev.rankspec.conformance.v1.Config.newBuilder()
                .setForm(config.canonicalForm().full())
                .setSemantic(fingerprint.semantic())
                .setFull(fingerprint.full()))
        .build();
  }

  private static Response refusal(InvalidConfigException invalid) {
    Refusal.Builder refusal = Refusal.newBuilder();
    for (dev.rankspec.Violation violation : invalid.violations()) {
      Violation.Builder said =
          refusal.addViolationsBuilder().setPath(violation.path()).setCode(violation.code());
      violation.position().ifPresent(at -> said.setLine(at.line()).setColumn(at.column()));
    }
    return Response.newBuilder().setRefusal(refusal).build();
  }

  private static Response learningRateAt(LearningRateAt question) {
    double rate = Schedules.learningRateAt(question.getSchedule(), question.getStep());
    return Response.newBuilder().setLearningRate(rate).build();
  }

  private static Response failure(String message) {
    return Response.newBuilder().setFailure(message).build();
  }
}
