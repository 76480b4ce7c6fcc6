/** Learning rates as functions of the optimizer step, in double precision. */
import type {
  LearningRate,
  LinearRampToConstant,
  LinearRampToCosine,
  PiecewiseConstant,
} from "./gen/rankspec/optim/v1/learning_rate_pb.js";

/**
 * The rate that the update number `step` is made with.
 *
 * @param schedule A valid schedule, as the rules of the spec have it.
 * @param step Optimizer steps made before this one; 0 for the first.
 * @throws RangeError for a step that is negative or no whole number, Error for a message without a schedule.
 */
export function learningRateAt(schedule: LearningRate, step: number | bigint): number {
  if (step < 0 || (typeof step === "number" && !Number.isInteger(step))) {
    throw new RangeError(`steps count from 0, there is no step ${step}`);
  }
  const update = BigInt(step);
  switch (schedule.lr.case) {
    case "constant":
      return schedule.lr.value;
    case "piecewiseConstant":
      return piecewiseConstant(schedule.lr.value, update);
    case "linearRampToConstant":
      return linearRampToConstant(schedule.lr.value, update);
    case "linearRampToCosine":
      return linearRampToCosine(schedule.lr.value, update);
    default:
      throw new Error("the message holds no schedule");
  }
}

function piecewiseConstant(schedule: PiecewiseConstant, step: bigint): number {
  const next = schedule.learningRateBoundaries.findIndex((boundary) => step < boundary);
  // Where no boundary is left, -1, which is the last value.
  const value = schedule.learningRateValues.at(next);
  if (value === undefined) {
    throw new Error("a piecewise constant schedule has one value more than it has boundaries");
  }
  return value;
}

function ramp(learningRate: number, numRampSteps: bigint, step: bigint): number {
  return (Number(step) * learningRate) / Number(numRampSteps);
}

function linearRampToConstant(schedule: LinearRampToConstant, step: bigint): number {
  const { learningRate, numRampSteps } = schedule;
  return step >= numRampSteps ? learningRate : ramp(learningRate, numRampSteps, step);
}

/** Warm-up, then half a cosine (Loshchilov and Hutter, 2017, SGDR, equation 5, without restarts). */
function linearRampToCosine(schedule: LinearRampToCosine, step: bigint): number {
  const { learningRate, finalLearningRate, numRampSteps, finalNumSteps } = schedule;
  if (step < numRampSteps) {
    return ramp(learningRate, numRampSteps, step);
  }
  if (step >= finalNumSteps) {
    return finalLearningRate;
  }
  const progress = Number(step - numRampSteps) / Number(finalNumSteps - numRampSteps);
  return finalLearningRate + ((learningRate - finalLearningRate) / 2) * (1 + Math.cos(Math.PI * progress));
}
