import { readFileSync } from "node:fs";

import { fingerprint, learningRateAt, loadText, RecapConfigSchema, resolve, ConfigError } from "@rankspec/rankspec";

/** What a serving program says of a config before it serves a model trained with it. */
export function report(path: string): string {
  try {
    const config = loadText(RecapConfigSchema, readFileSync(path), { variables: process.env });
    const resolved = resolve(RecapConfigSchema, config);
    const rates = resolved.optimizer?.lr;
    const schedule = rates?.case === "multiTaskLearningRates" ? rates.value.backboneLearningRate : rates?.value;
    return [
      `steps: ${resolved.training?.numTrainSteps}`,
      `seed: ${resolved.runtime?.seed}`,
      `rate at step 10: ${schedule && learningRateAt(schedule, 10)}`,
      `trained as: ${fingerprint(RecapConfigSchema, config).semantic}`,
    ].join("\n");
  } catch (error) {
    if (!(error instanceof ConfigError)) {
      throw error;
    }
    return error.violations.map(({ line, column, path, message }) => `${line}:${column}: ${path}: ${message}`).join("\n");
  }
}
