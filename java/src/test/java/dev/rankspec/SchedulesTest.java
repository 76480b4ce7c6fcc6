package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.TextFormat;
import dev.rankspec.optim.v1.LearningRate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchedulesTest {
  private static final String COSINE =
      "linear_ramp_to_cosine {"
          + " learning_rate: 0.5 final_learning_rate: 0.25 num_ramp_steps: 4 final_num_steps: 8 }";

  @ParameterizedTest(name = "{0} at {1}")
  @CsvSource(
      delimiter = '|',
      value = {
        "constant: 0.1 | 7 | 0.1",
        "piecewise_constant { learning_rate_values: 3 } | 9 | 3",
        "piecewise_constant { learning_rate_boundaries: [2, 4] learning_rate_values: [1, 2, 3] } | 1 | 1",
        "piecewise_constant { learning_rate_boundaries: [2, 4] learning_rate_values: [1, 2, 3] } | 2 | 2",
        "piecewise_constant { learning_rate_boundaries: [2, 4] learning_rate_values: [1, 2, 3] } | 9 | 3",
        "linear_ramp_to_constant { learning_rate: 0.5 num_ramp_steps: 4 } | 0 | 0",
        "linear_ramp_to_constant { learning_rate: 0.5 num_ramp_steps: 4 } | 3 | 0.375",
        "linear_ramp_to_constant { learning_rate: 0.5 num_ramp_steps: 4 } | 4 | 0.5",
        COSINE + " | 2 | 0.25",
        COSINE + " | 4 | 0.5",
        COSINE + " | 6 | 0.375",
        COSINE + " | 8 | 0.25",
      })
  void theRateIsThatOfTheStep(String schedule, long step, double rate) throws TextFormat.ParseException {
    assertEquals(
        rate, Schedules.learningRateAt(TextFormat.parse(schedule, LearningRate.class), step), 1e-16);
  }

  @Test
  void aNegativeStepAndAnEmptyScheduleAreRefused() {
    LearningRate constant = LearningRate.newBuilder().setConstant(1).build();
    assertThrows(IllegalArgumentException.class, () -> Schedules.learningRateAt(constant, -1));
    assertThrows(
        IllegalArgumentException.class,
        () -> Schedules.learningRateAt(LearningRate.getDefaultInstance(), 0));
  }
}
