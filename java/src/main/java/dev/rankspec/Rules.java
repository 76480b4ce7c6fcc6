package dev.rankspec;

import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.exceptions.ValidationException;
import com.google.protobuf.Message;
import java.util.List;

/** Judges messages by the rules of their schema. */
public final class Rules {
  // Keeps the compiled rules of every message type it has seen, and may be shared by threads.
  private static final Validator VALIDATOR = ValidatorFactory.newBuilder().build();

  private Rules() {}

  /**
   * Judges a message by all rules.
   *
   * @return everything they object to, sorted by the UTF-8 bytes of path and code, nothing twice; empty for a valid
   *     message. Where a list or map is too long, that and nothing else
   */
  public static List<Violation> violations(Message message) {
    List<Violation> tooMany = Counts.tooMany(message);
    if (!tooMany.isEmpty()) {
      return Violation.inOrder(tooMany);
    }
    try {
      return Findings.of(
          VALIDATOR.validate(message).toProto().getViolationsList(), message.getDescriptorForType());
    } catch (ValidationException broken) {
      String name = message.getDescriptorForType().getFullName();
      throw new IllegalStateException("the rules of " + name + " cannot be run", broken);
    }
  }
}
