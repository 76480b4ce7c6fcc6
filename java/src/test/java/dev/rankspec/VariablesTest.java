package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
  void referencesAreReplaced(String text, String expected) throws InvalidConfigException {
    assertEquals(expected, Variables.replace(schema(text), VALUES).getSchemaPath());
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
    InvalidConfigException refused =
        assertThrows(InvalidConfigException.class, () -> Variables.replace(schema(text), VALUES));
    assertEquals(List.of(code), refused.violations().stream().map(Violation::code).toList());
  }

  @ParameterizedTest
  @ValueSource(strings = {"\ud800", "\udc00x", "caf\ufffd"})
  void aValueThatIsNoTextIsReportedWithItsName(String value) {
    InvalidConfigException refused =
        assertThrows(
            InvalidConfigException.class,
            () -> Variables.replace(schema("${BAD:-other}"), Map.of("BAD", value)));
    assertEquals("env.not_text", refused.violations().get(0).code());
    assertTrue(refused.getMessage().contains("variable BAD"), refused.getMessage());
  }

  @Test
  void aReplacementCharacterInTheTextItselfStays() throws InvalidConfigException {
    assertEquals("\ufffd\ufffd", Variables.replace(schema("\ufffd${B:-\ufffd}"), VALUES).getSchemaPath());
  }

  @Test
  void valuesOfMapsAreReplacedAndKeysAreNot() throws InvalidConfigException {
    SegDenseSchema schema =
        SegDenseSchema.newBuilder().putRenamedFeatures("${A}", "${A}").build();
    assertEquals(Map.of("${A}", "one"), Variables.replace(schema, VALUES).getRenamedFeaturesMap());
  }
}
