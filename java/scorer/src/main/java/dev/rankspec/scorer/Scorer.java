package dev.rankspec.scorer;

import ai.onnxruntime.OrtException;
import dev.rankspec.serving.v1.BundleManifest;
import dev.rankspec.serving.v1.ErrorCode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** Scores rows with one bundle. Any number of threads may do so at once. */
public final class Scorer implements AutoCloseable {
  /** What the combined score is called beside the tasks' outputs; no task of a config with weights has the name. */
  public static final String SCORE = "score";

  private final BundleManifest manifest;
  private final String digest;
  private final Placement placement;
  private final List<String> tasks;
  /** Held for reading while rows are scored, so that closing waits. */
  private final ReadWriteLock lock = new ReentrantReadWriteLock();

  private final Bundle bundle;
  private Session session;
  /** Null until it is asked for. */
  private RawRows rawRows;

  private double goldenDifference;

  private Scorer(Bundle bundle, Session session) {
    this.bundle = bundle;
    this.session = session;
    manifest = bundle.manifest();
    digest = bundle.digest();
    placement = new Placement(manifest.getSignature());
    tasks = manifest.getOutputsList().stream().map(output -> output.getName()).toList();
  }

  /**
   * How a bundle is opened.
   *
   * @param expectDigest what the SHA-256 of the manifest has to be, in hexadecimal; null takes any
   * @param threads for the work inside one request
   * @param maxBytes what all files together may have
   */
  public record Options(String expectDigest, int threads, long maxBytes) {
    /** Returns options that take any bundle of up to 64 GiB, and as many threads as the container may use. */
    public static Options defaults() {
      return new Options(null, AvailableThreads.number(Path.of("/sys/fs/cgroup")), Bundle.MAX_BYTES);
    }

    /** Returns these options for the bundle of a digest alone; null takes any. */
    public Options withExpectDigest(String wanted) {
      return new Options(wanted, threads, maxBytes);
    }

    /** Returns these options with other threads for the work inside one request. */
    public Options withThreads(int wanted) {
      return new Options(expectDigest, wanted, maxBytes);
    }
  }

  /**
   * Opens a bundle that may be a stranger's, as {@link #open(Path, Options)} with {@link Options#defaults()}.
   *
   * @throws ScoringException with a code from NO_BUNDLE to GOLDEN_MISMATCH
   */
  public static Scorer open(Path folder) throws ScoringException {
    return open(folder, Options.defaults());
  }

  /**
   * Opens a bundle that may be a stranger's: every byte that is used of it is one that its manifest vouches for.
   *
   * @throws ScoringException with a code from NO_BUNDLE to GOLDEN_MISMATCH
   */
  public static Scorer open(Path folder, Options options) throws ScoringException {
    Bundle bundle = Bundle.read(folder, options.expectDigest(), options.maxBytes());
    Session session;
    try {
      session = Session.start(bundle, options.threads());
    } catch (ScoringException | RuntimeException e) {
      bundle.close();
      throw e;
    }
    Scorer scorer = new Scorer(bundle, session);
    try {
      scorer.checkGoldenRows();
    } catch (ScoringException | RuntimeException e) {
      scorer.close();
      throw e;
    }
    return scorer;
  }

  /** Returns the bundle's manifest. */
  public BundleManifest manifest() {
    return manifest;
  }

  /** Returns the SHA-256 of the manifest's file, in hexadecimal: the bundle's identity. */
  public String digest() {
    return digest;
  }

  /** Returns what has to come with whole vectors. */
  public String signatureHash() {
    return manifest.getSignature().getHash();
  }

  /** Returns the largest difference of the golden rows' outputs from what is expected. */
  public double goldenDifference() {
    return goldenDifference;
  }

  /**
   * Scores rows that are given by features' names alone.
   *
   * @throws ScoringException with one of the codes from CLOSED on
   */
  public Map<String, float[]> score(Map<String, Column> columns) throws ScoringException {
    return score(columns, null);
  }

  /**
   * Scores rows.
   *
   * @param columns by name: an input with all of a row's values in the signature's order, or {@code input/feature}
   * @param signatureHash of the signature that whole inputs were made for, which are refused without; null if none
   * @return the scores of each task, in the manifest's order, and then {@link #SCORE} if the bundle has weights
   * @throws ScoringException with one of the codes from CLOSED on
   */
  public Map<String, float[]> score(Map<String, Column> columns, String signatureHash) throws ScoringException {
    Placement.Placed placed = placement.placed(columns, signatureHash);
    float[] outputs = run(placed);
    Map<String, float[]> scores = new LinkedHashMap<>();
    for (int task = 0; task < tasks.size(); task++) {
      float[] values = new float[placed.rows()];
      for (int row = 0; row < values.length; row++) {
        values[row] = outputs[row * tasks.size() + task];
      }
      scores.put(tasks.get(task), values);
    }
    if (manifest.getScoreWeightsCount() > 0) {
      scores.put(SCORE, combined(scores, placed.rows()));
    }
    return scores;
  }

  /**
   * Scores raw rows, as the table had them that {@code rankspec data import} made the data set of.
   *
   * @param rows each the values by column: null where one is missing, a {@link String}, {@link Long} or {@link Integer},
   *     {@link Double} or {@link Float}, {@link Boolean}, or a {@link List} of such. Columns that the recipe does not read are
   *     left alone
   * @return as {@link #score(Map, String)}
   * @throws ScoringException with one of the codes from RECIPE_INVALID to VOCABULARY_INVALID, or from CLOSED on
   */
  public Map<String, float[]> scoreRaw(List<? extends Map<String, ?>> rows) throws ScoringException {
    return score(rawRows().inputs(rows), signatureHash());
  }

  /**
   * Returns the names of the raw columns that rows have to have, in the recipe's order.
   *
   * @throws ScoringException with one of the codes from RECIPE_INVALID to VOCABULARY_INVALID, RECIPE_MISSING or CLOSED
   */
  public List<String> rawColumns() throws ScoringException {
    return rawRows().columns();
  }

  /** Waits for the requests under way, and lets go of model and files. Closing twice is no error. */
  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (session != null) {
        session.close();
        bundle.close();
        session = null;
      }
    } finally {
      lock.writeLock().unlock();
    }
  }

  /** Returns the sum of weight times output in the order of the tasks, in double and rounded to float32. */
  private float[] combined(Map<String, float[]> scores, int rows) {
    double[] totals = null;
    for (String task : tasks) {
      Double weight = manifest.getScoreWeightsMap().get(task);
      if (weight == null) {
        continue;
      }
      boolean isFirst = totals == null;
      totals = isFirst ? new double[rows] : totals;
      for (int row = 0; row < rows; row++) {
        double term = weight * scores.get(task)[row];
        totals[row] = isFirst ? term : totals[row] + term;
      }
    }
    float[] values = new float[rows];
    for (int row = 0; row < rows; row++) {
      values[row] = (float) totals[row];
    }
    return values;
  }

  private float[] run(Placement.Placed placed) throws ScoringException {
    lock.readLock().lock();
    try {
      if (session == null) {
        throw closed();
      }
      return session.run(placed);
    } catch (OrtException e) {
      throw ScoringException.of(ErrorCode.ERROR_CODE_SCORING_FAILED, "", "ONNX Runtime to score the rows", e);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Returns the recipe at work; it is read when this is first called. */
  private RawRows rawRows() throws ScoringException {
    lock.readLock().lock();
    try {
      if (session == null) {
        throw closed();
      }
      synchronized (bundle) {
        if (rawRows == null) {
          rawRows = RawRows.of(bundle);
        }
        return rawRows;
      }
    } finally {
      lock.readLock().unlock();
    }
  }

  private static ScoringException closed() {
    return ScoringException.of(ErrorCode.ERROR_CODE_CLOSED, "", "a scorer that is open");
  }

  private void checkGoldenRows() throws ScoringException {
    List<GoldenRows.Batch> batches;
    try {
      batches = GoldenRows.of(bundle);
    } catch (IOException e) {
      throw ScoringException.of(
          ErrorCode.ERROR_CODE_GOLDEN_INVALID, manifest.getGoldenFile(), "a file that can be read", e);
    }
    double tolerance = manifest.getTolerance().getAtOpening();
    for (GoldenRows.Batch batch : batches) {
      double apart = GoldenRows.difference(run(batch.placed()), batch.outputs());
      goldenDifference = Math.max(goldenDifference, apart);
      if (goldenDifference > tolerance) {
        throw ScoringException.of(
            ErrorCode.ERROR_CODE_GOLDEN_MISMATCH, batch.name(), "outputs within " + tolerance + " of the expected ones");
      }
    }
  }
}
