package dev.rankspec;

import com.google.protobuf.Message;

/**
 * A valid config.
 *
 * @param message as it was written, with its variables replaced and what its parts inherit filled in
 * @param resolved with every default of the schema filled in: what will run
 * @param <M> the config's message, such as {@code RecapConfig}
 */
public record Config<M extends Message>(M message, M resolved) {

  /** Returns what the config says, in the form that fingerprints are taken of. */
  public CanonicalForm canonicalForm() {
    return CanonicalForm.of(resolved);
  }

  /** Returns the identity of what the config says. */
  public Fingerprint fingerprint() {
    return Fingerprint.of(canonicalForm());
  }
}
