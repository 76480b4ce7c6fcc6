package dev.rankspec.example;

import dev.rankspec.Config;
import dev.rankspec.ConfigLoader;
import dev.rankspec.Environment;
import dev.rankspec.InvalidConfigException;
import dev.rankspec.Schedules;
import dev.rankspec.recap.v1.RecapConfig;
import java.io.IOException;
import java.nio.file.Path;

/** Loads the config that is named and prints what it is. */
public final class LoadConfig {
  private LoadConfig() {}

  // README: begin
  public static void main(String[] arguments) throws IOException {
    ConfigLoader<RecapConfig> loader =
        ConfigLoader.of(RecapConfig.getDefaultInstance()).withVariables(Environment.variables());
    try {
      Config<RecapConfig> config = loader.load(Path.of(arguments[0]));
      RecapConfig resolved = config.resolved();
      System.out.println("tasks    " + resolved.getModel().getTasksMap().keySet());
      System.out.println("steps    " + resolved.getTraining().getNumTrainSteps());
      System.out.println("rate     " + Schedules.learningRateAt(
          resolved.getOptimizer().getMultiTaskLearningRates().getBackboneLearningRate(), 50));
      System.out.println("semantic " + config.fingerprint().semantic());
    } catch (InvalidConfigException invalid) {
      invalid.violations().forEach(System.err::println);
    }
  }
  // README: end
}
