package dev.rankspec;

import com.google.protobuf.Message;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The identity of a config, as hexadecimal SHA-256 of its canonical form.
 *
 * @param semantic of everything that takes part in what the trained model computes: two configs that share it
 *     train the same function
 * @param full of everything
 */
public record Fingerprint(String semantic, String full) {

  /**
   * Computes the fingerprint of a valid config.
   *
   * @param config its variables replaced; defaults need not be filled in
   */
  public static Fingerprint of(Message config) {
    return of(CanonicalForm.of(config));
  }

  /** Computes the fingerprint of a config's canonical form. */
  public static Fingerprint of(CanonicalForm form) {
    return new Fingerprint(sha256(form.semantic()), sha256(form.full()));
  }

  private static String sha256(String text) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.US_ASCII)));
    } catch (NoSuchAlgorithmException absent) {
      throw new IllegalStateException("every Java platform has SHA-256", absent);
    }
  }
}
