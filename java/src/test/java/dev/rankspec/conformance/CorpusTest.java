package dev.rankspec.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.TextFormat;
import dev.rankspec.Repository;
import dev.rankspec.conformance.v1.Case;
import dev.rankspec.conformance.v1.Request;
import dev.rankspec.conformance.v1.Response;
import dev.rankspec.conformance.v1.Suite;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The cases that every language decides alike. */
class CorpusTest {
  @TestFactory
  Stream<DynamicTest> everyCaseComesOutAsExpected() throws IOException {
    try (Stream<Path> files = Files.walk(Repository.at("tests/conformance/cases"))) {
      List<Path> suites = files.filter(file -> file.toString().endsWith(".textproto")).sorted().toList();
      return suites.stream()
          .flatMap(file -> suite(file).getCasesList().stream())
          .map(test -> DynamicTest.dynamicTest(test.getId(), () -> check(test)));
    }
  }

  private static Suite suite(Path file) {
    try {
      return TextFormat.parse(Files.readString(file), Suite.class);
    } catch (IOException unreadable) {
      throw new AssertionError(file.toString(), unreadable);
    }
  }

  private static void check(Case test) {
    Response response = Executor.answer(test.getRequest());
    if (response.hasUnsupported()) {
      assertTrue(test.getRequest().getLoad().hasJson(), response::toString);
      return;
    }
    switch (test.getExpected().getVerdictCase()) {
      case CONFIG -> assertEquals(test.getExpected().getConfig(), response.getConfig());
      case REFUSAL ->
          assertEquals(
              test.getExpected().getRefusal().getViolationsList(),
              response.getRefusal().getViolationsList());
      case UNREADABLE -> {
        String prefix = test.getExpected().getUnreadable();
        assertTrue(response.getRefusal().getViolationsCount() > 0, response::toString);
        assertTrue(
            response.getRefusal().getViolationsList().stream().allMatch(v -> v.getCode().startsWith(prefix)),
            response::toString);
      }
      case LEARNING_RATE ->
          assertEquals(
              test.getExpected().getLearningRate().getValue(),
              response.getLearningRate(),
              test.getExpected().getLearningRate().getTolerance());
      case VERDICT_NOT_SET -> throw new AssertionError("the case expects nothing");
    }
  }

  @Test
  void requestsAreAnsweredInOrderUntilTheyEnd() throws IOException {
    ByteArrayOutputStream requests = new ByteArrayOutputStream();
    ByteArrayOutputStream responses = new ByteArrayOutputStream();
    Request.getDefaultInstance().writeDelimitedTo(requests);
    Request.Builder rate = Request.newBuilder();
    rate.getLearningRateAtBuilder().getScheduleBuilder().setConstant(0.5);
    rate.build().writeDelimitedTo(requests);
    Executor.answerAll(new ByteArrayInputStream(requests.toByteArray()), responses);
    ByteArrayInputStream answers = new ByteArrayInputStream(responses.toByteArray());
    assertTrue(Response.parseDelimitedFrom(answers).hasFailure());
    assertEquals(0.5, Response.parseDelimitedFrom(answers).getLearningRate());
    assertEquals(0, answers.available());
  }
}
