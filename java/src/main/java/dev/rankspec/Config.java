package dev.rankspec;

import com.google.protobuf.Message;

/**
 * A valid config: there is none that a {@link ConfigLoader} has not judged. It is immutable.
 *
 * @param <M> the config's message, such as {@code RecapConfig}
 */
public final class Config<M extends Message> {
  private final M message;
  private final M resolved;

  /** A config whose message was judged, and is valid. */
  Config(M message, M resolved) {
    this.message = message;
    this.resolved = resolved;
  }

  /** Returns it as it was written, with its variables replaced and what its parts inherit filled in. */
  public M message() {
    return message;
  }

  /** Returns it with every default of the schema filled in: what will run. */
  public M resolved() {
    return resolved;
  }

  /** Returns what the config says, in the form that fingerprints are taken of. */
  public CanonicalForm canonicalForm() {
    return CanonicalForm.of(resolved);
  }

  /** Returns the identity of what the config says. */
  public Fingerprint fingerprint() {
    return Fingerprint.of(canonicalForm());
  }
}
