package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rankspec.recap.v1.SegDenseSchema;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VariablesTest {
  private static final Map<String, String> VALUES = Map.of("A", "one", "EMPTY", "", "NESTED", "${A}");

  private static SegDenseSchema schema(String path) {
    return SegDenseSchema.newBuilder().setSchemaPath(path).build();
  }

  private static SegDenseSchema replaced(SegDenseSchema schema) {
    Variables.Replaced<SegDenseSchema> replaced = Variables.replace(schema, VALUES);
    assertEquals(List.of(), replaced.violations());
    return replaced.message();
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "${A}, one",
    "x${A}y${A}, xoneyone",
    "${A:-d}, one",
    "${EMPTY}z, z",
    "${EMPTY:-d}, d",
    "${UNSET:-}z, z",
    "${UNSET:-a:-b}, a:-b",
    "${NESTED}, ${A}",
    "$${A}, ${A}",
    "$$${A}, $${A}",
    "$A $, $A $",
  })
  void referencesAreReplaced(String text, String expected) {
    assertEquals(expected, replaced(schema(text)).getSchemaPath());
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "${UNSET}, env.unset",
    "${A}${UNSET}${}, env.unset",
    "${}, env.malformed",
    "${1}, env.malformed",
    "${A:d}, env.malformed",
    "${A, env.malformed",
  })
  void whatCannotBeReplacedIsReported(String text, String code) {
    Variables.Replaced<SegDenseSchema> refused = Variables.replace(schema(text), VALUES);
    assertEquals(List.of(code), refused.violations().stream().map(Violation::code).toList());
    assertEquals(text, refused.message().getSchemaPath());
  }

  @ParameterizedTest
  @ValueSource(strings = {"\ud800", "\udc00x", "caf\ufffd"})
  void aValueThatIsNoTextIsReportedWithItsName(String value) {
    Violation refused =
        Variables.replace(schema("${BAD:-other}"), Map.of("BAD", value)).violations().get(0);
    assertEquals("env.not_text", refused.code());
    assertTrue(refused.message().contains("variable BAD"), refused.message());
  }

  @Test
  void aReplacementCharacterInTheTextItselfStays() {
    assertEquals("\ufffd\ufffd", replaced(schema("\ufffd${B:-\ufffd}")).getSchemaPath());
  }

  @Test
  void valuesOfMapsAreReplacedAndKeysAreNot() {
    SegDenseSchema schema =
        SegDenseSchema.newBuilder().putRenamedFeatures("${A}", "${A}").build();
    assertEquals(Map.of("${A}", "one"), replaced(schema).getRenamedFeaturesMap());
  }
}
