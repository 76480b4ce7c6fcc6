package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.TextFormat;
import dev.rankspec.recap.v1.RecapConfig;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PortableTextTest {
  private static Violation firstMistake(String text) {
    return assertThrows(
            InvalidConfigException.class, () -> PortableText.check(text, RecapConfig.getDescriptor()))
        .violations()
        .get(0);
  }

  @ParameterizedTest(name = "{0}")
  @ValueSource(
      strings = {
        "",
        "training { num_train_steps: 5; save_dir: 'a' }, runtime <>",
        "training: { num_train_steps: 0x1F } # a comment",
        "training { save_dir: 'a' \"b\" # a comment\n '\\x41\\303\\251\\u00e9\\U0001F600' }",
        "model { tasks: [{ key: 'a' value: {} }, { value {} }] }",
        "runtime { enable_amp: t }",
        "model { tasks { value { pos_weight: .5e-3F } } }",
        "model { tasks { value { pos_weight: nan } } }",
        "model { tasks { value { pos_weight: -Infinity } } }",
        "model { tasks [{ key: 'a' }, <>] multi_task_type: 0x1 } # \u0001\u000c",
        "training { save_dir: '\u0001\r\u001b' }",
        "model { tasks { value { mlp_config { layer_sizes: [] layer_sizes: [1, -0x2] layer_sizes: 3 } } } }",
      })
  void theLibraryReadsWhatThePortableSubsetHas(String text)
      throws InvalidConfigException, TextFormat.ParseException {
    PortableText.check(text, RecapConfig.getDescriptor());
    TextFormat.merge(text, RecapConfig.newBuilder());
  }

  @ParameterizedTest(name = "{1} {0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "training { num_train_steps: 010 }            | parse.not_portable.number",
        "training { num_train_steps: 1_000 }          | parse.not_portable.number",
        "training { num_train_steps: 0X1F }           | parse.not_portable.number",
        "training { num_train_steps: - 1 }            | parse.not_portable.sign",
        "training { num_train_steps: 1.5 }            | parse.wrong_type",
        "training { num_train_steps: '1' }            | parse.wrong_type",
        "training { num_train_steps: 9223372036854775808 } | parse.out_of_range",
        "training { num_train_steps: 1e }             | parse.syntax",
        "training { num_train_steps 1 }               | parse.syntax",
        "training { num_train_steps: }                | parse.syntax",
        "training { num_train_steps: 1 num_train_steps: 1 } | parse.duplicate_field",
        "training { num_steps: 1 }                    | parse.unknown_field",
        "training { save_dir: '\\q' }                 | parse.not_portable.escape",
        "training { save_dir: '\\400' }               | parse.not_portable.escape",
        "training { save_dir: '\\ud83d\\ude00' }      | parse.not_portable.escape",
        "training { save_dir: '\\xff' }               | parse.not_portable.utf8",
        "training { save_dir: 'a }                    | parse.unterminated",
        "training { save_dir: [ 'a' ] }               | parse.wrong_type",
        "training {                                   | parse.unterminated",
        "training { >                                 | parse.syntax",
        "training {} }                                | parse.syntax",
        "; training {}                                | parse.syntax",
        "training {},, runtime {}                     | parse.syntax",
        "training [{}]                                | parse.wrong_type",
        "model { tasks: [{},] }                       | parse.syntax",
        "model { tasks: [{} {}] }                     | parse.syntax",
        "model { tasks: [{} }                         | parse.unterminated",
        "model { tasks { key: 'a' } tasks { key: '\\141' } } | parse.duplicate_key",
        "model { tasks {} tasks { key: '' } }         | parse.duplicate_key",
        "model { tasks { value { pos_weight: +1 } } } | parse.not_portable.number",
        "model { tasks { value { pos_weight: 0x1 } } } | parse.not_portable.number",
        "model { tasks { value { pos_weight: -nan } } } | parse.not_portable.number",
        "model { multi_task_type: MULTI_TASK }        | parse.unknown_enum_value",
        "model { multi_task_type: 0X1 }               | parse.not_portable.number",
        "model { multi_task_type: 01 }                | parse.not_portable.number",
        "runtime { enable_amp: 01 }                   | parse.not_portable.bool",
        "runtime { enable_amp: yes }                  | parse.wrong_type",
        "optimizer { single_task_learning_rate {} multi_task_learning_rates {} } | parse.oneof_conflict",
        "[rankspec.x]: 1                              | parse.syntax",
        "5: 1                                         | parse.syntax",
      })
  void whatParsersReadDifferentlyIsRefused(String text, String code) {
    assertEquals(code, firstMistake(text).code());
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource({
    "00a0, parse.not_portable.white_space",
    "000b, parse.not_portable.white_space",
    "2028, parse.not_portable.white_space",
    "feff, parse.not_portable.byte_order_mark",
    "0000, parse.not_portable.control_character",
    "007f, parse.not_portable.control_character",
    "fffd, parse.syntax",
  })
  void oddCharactersBetweenTokensAreRefused(String codePoint, String code) {
    String character = Character.toString(Integer.parseInt(codePoint, 16));
    assertEquals(code, firstMistake("training " + character + "{}").code());
  }

  @ParameterizedTest
  @ValueSource(strings = {"# a\rtraining {}", "# a\u0085training {}", "# \u2029\n", "#\r"})
  void aCommentThatEndsForSomeParsersOnlyIsRefused(String text) {
    assertEquals("parse.not_portable.comment", firstMistake(text).code());
  }

  @Test
  void aMistakeIsReportedAtItsPathAndPlace() {
    String sizes = "mlp_config { layer_sizes: [1,\n  'é'] }";
    Violation mistake = firstMistake("model {\n  tasks { key: 'a\"b' value { " + sizes + " } }\n}");
    assertEquals("model.tasks[\"a\\\"b\"].mlp_config.layer_sizes[1]", mistake.path());
    assertEquals(Optional.of(new Position(3, 3)), mistake.position());
  }
}
