package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.exceptions.ValidationException;
import build.buf.validate.FieldPathElement;
import build.buf.validate.Violation;
import dev.rankspec.recap.v1.RecapConfig;
import dev.rankspec.recap.v1.TrainingConfig;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class BindingsTest {
  @Test
  void unsetFieldsReadAsTheirSchemaDefaults() {
    RecapConfig config = RecapConfig.getDefaultInstance();
    assertEquals(1_000_000L, config.getTraining().getNumTrainSteps());
    assertFalse(config.hasTraining());
  }

  @Test
  void everyViolationIsReportedWithItsPathAndRule() throws ValidationException {
    RecapConfig config =
        RecapConfig.newBuilder()
            .setTraining(TrainingConfig.newBuilder().setNumTrainSteps(-5))
            .build();
    List<String> violations =
        ValidatorFactory.newBuilder().build().validate(config).getViolations().stream()
            .map(violation -> describe(violation.toProto()))
            .sorted()
            .toList();
    assertEquals(
        List.of(
            "model required",
            "optimizer required",
            "train_data required",
            "training.num_train_steps int64.gt"),
        violations);
  }

  private static String describe(Violation violation) {
    String path =
        violation.getField().getElementsList().stream()
            .map(FieldPathElement::getFieldName)
            .collect(Collectors.joining("."));
    return path + " " + violation.getRuleId();
  }
}
