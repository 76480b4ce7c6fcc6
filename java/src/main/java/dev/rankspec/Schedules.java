package dev.rankspec;

import dev.rankspec.optim.v1.LearningRate;
import dev.rankspec.optim.v1.LinearRampToConstant;
import dev.rankspec.optim.v1.LinearRampToCosine;
import dev.rankspec.optim.v1.PiecewiseConstant;

/** Learning rates as functions of the optimizer step, in double precision. */
public final class Schedules {
  private Schedules() {}

  /**
   * Returns the rate that the update number {@code step} is made with.
   *
   * @param schedule a valid schedule
   * @param step optimizer steps made before this one; 0 for the first
   * @throws IllegalArgumentException for a negative step, or a message in which no schedule is chosen
   */
  public static double learningRateAt(LearningRate schedule, long step) {
    if (step < 0) {
      throw new IllegalArgumentException("steps count from 0, there is no step " + step);
    }
    return switch (schedule.getLrCase()) {
      case CONSTANT -> schedule.getConstant();
      case PIECEWISE_CONSTANT -> piecewiseConstant(schedule.getPiecewiseConstant(), step);
      case LINEAR_RAMP_TO_CONSTANT -> linearRampToConstant(schedule.getLinearRampToConstant(), step);
      case LINEAR_RAMP_TO_COSINE -> linearRampToCosine(schedule.getLinearRampToCosine(), step);
      case LR_NOT_SET -> throw new IllegalArgumentException("the message chooses no schedule");
    };
  }

  private static double piecewiseConstant(PiecewiseConstant schedule, long step) {
    long passed =
        schedule.getLearningRateBoundariesList().stream().filter(boundary -> boundary <= step).count();
    return schedule.getLearningRateValues((int) passed);
  }

  private static double ramp(double learningRate, long numRampSteps, long step) {
    return step * learningRate / numRampSteps;
  }

  private static double linearRampToConstant(LinearRampToConstant schedule, long step) {
    if (step >= schedule.getNumRampSteps()) {
      return schedule.getLearningRate();
    }
    return ramp(schedule.getLearningRate(), schedule.getNumRampSteps(), step);
  }

  /** Warm-up, then half a cosine (Loshchilov and Hutter, 2017, SGDR, equation 5, without restarts). */
  private static double linearRampToCosine(LinearRampToCosine schedule, long step) {
    double peak = schedule.getLearningRate();
    double last = schedule.getFinalLearningRate();
    if (step < schedule.getNumRampSteps()) {
      return ramp(peak, schedule.getNumRampSteps(), step);
    }
    if (step >= schedule.getFinalNumSteps()) {
      return last;
    }
    double progress =
        (double) (step - schedule.getNumRampSteps())
            / (schedule.getFinalNumSteps() - schedule.getNumRampSteps());
    // The strict one, so that every machine computes the same.
    return last + (peak - last) / 2 * (1 + StrictMath.cos(Math.PI * progress));
  }
}
