package dev.rankspec.scorer;

import dev.rankspec.serving.v1.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Takes numbers from a bundle's golden file, one after the other. */
final class GoldenReader {
  /** What is mapped at once, if it is not more that is asked for. */
  private static final long WINDOW = 1L << 26;

  private final Bundle bundle;
  private final String file;
  private final long size;
  /** Where the window ends in the file. */
  private long end;

  private ByteBuffer window = ByteBuffer.allocate(0);

  GoldenReader(Bundle bundle) throws IOException {
    this.bundle = bundle;
    file = bundle.manifest().getGoldenFile();
    size = bundle.size(file);
  }

  /** Returns how many bytes have not been taken. */
  long left() {
    return size - end + window.remaining();
  }

  float[] floats(long number) throws ScoringException, IOException {
    float[] values = new float[available(number, Float.BYTES)];
    window.asFloatBuffer().get(values);
    window.position(window.position() + values.length * Float.BYTES);
    return values;
  }

  long[] integers(long number) throws ScoringException, IOException {
    long[] values = new long[available(number, Long.BYTES)];
    window.asLongBuffer().get(values);
    window.position(window.position() + values.length * Long.BYTES);
    return values;
  }

  /** Takes the number of a list's ids, and these. */
  long[] list() throws ScoringException, IOException {
    long number = integers(1)[0];
    if (number < 0) {
      throw invalid("numbers of ids from 0 on");
    }
    return integers(number);
  }

  ScoringException invalid(String expectation) {
    return ScoringException.of(ErrorCode.ERROR_CODE_GOLDEN_INVALID, file, expectation);
  }

  /** Has so many values lie in the window, and returns their number. */
  private int available(long number, int bytesEach) throws ScoringException, IOException {
    // Divided, since the product may be more than any number.
    if (number > left() / bytesEach) {
      throw invalid("all rows of the golden batches");
    }
    long wanted = number * bytesEach;
    if (wanted > Integer.MAX_VALUE) {
      // A buffer of Java has no more.
      throw ScoringException.of(
          ErrorCode.ERROR_CODE_FILE_TOO_LARGE, file, Integer.MAX_VALUE + " bytes of an input at most");
    }
    if (wanted > window.remaining()) {
      long start = size - left();
      long length = Math.min(left(), Math.max(wanted, WINDOW));
      window = bundle.content(file, start, length);
      end = start + length;
    }
    return (int) number;
  }
}
