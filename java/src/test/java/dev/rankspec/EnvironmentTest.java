package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvironmentTest {
  private static final byte[] BYTES =
      "B=one\0A=caf\u00e9 \u4e2d\0A=second\0C==x".getBytes(StandardCharsets.UTF_8);

  @ParameterizedTest
  @ValueSource(strings = {"US-ASCII", "ISO-8859-1", "windows-1252", "UTF-8"})
  void valuesAreReadAsUtf8WhateverTheJvmMadeOfThem(String encoding) {
    String shown = new String("caf\u00e9 \u4e2d".getBytes(StandardCharsets.UTF_8), Charset.forName(encoding));
    Map<String, String> variables = Map.of("A", shown, "B", "one");
    assertEquals(
        Map.of("A", "caf\u00e9 \u4e2d", "B", "one"), Environment.corrected(variables, BYTES, false));
  }

  @Test
  void bytesThatAreNotUtf8LeaveAMark() {
    byte[] bytes = {'A', '=', 'c', (byte) 0xff};
    Map<String, String> shown = Map.of("A", "c\u00ff");
    assertEquals(Map.of("A", "c\ufffd"), Environment.corrected(shown, bytes, false));
  }

  @Test
  void withoutTheBytesOnlyAnExactJvmIsBelieved() {
    Map<String, String> shown = Map.of("A", "caf\u00c3\u00a9", "B", "one");
    assertEquals(shown, Environment.corrected(shown, new byte[0], true));
    assertEquals(
        Map.of("A", "\ufffd", "B", "one"), Environment.corrected(shown, new byte[0], false));
  }

  @Test
  void whatTheJvmHasOfItselfStays() {
    assertEquals(System.getenv().keySet(), Environment.variables().keySet());
  }

  @Test
  void theLocaleIsNamedWhereItMayBeAtFault() {
    assertTrue(Environment.remedy("ANSI_X3.4-1968").contains("ANSI_X3.4-1968: set LC_ALL=C.UTF-8"));
    assertEquals("", Environment.remedy("UTF-8"));
  }
}
