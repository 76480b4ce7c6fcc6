package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Message;
import dev.rankspec.optim.v1.LearningRate;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MessageTypesTest {
  @Test
  void everyMessageOfTheSpecIsKnown() throws IOException {
    byte[] schema = Files.readAllBytes(Repository.at("gen/python/rankspec/schema.binpb"));
    List<String> names =
        FileDescriptorSet.parseFrom(schema).getFileList().stream()
            .flatMap(MessageTypesTest::namesIn)
            .toList();
    assertEquals(
        names,
        names.stream()
            .flatMap(name -> MessageTypes.named(name).stream())
            .map(type -> type.getDescriptorForType().getFullName())
            .toList());
  }

  private static Stream<String> namesIn(FileDescriptorProto file) {
    return file.getMessageTypeList().stream()
        .map(DescriptorProto::getName)
        .map(name -> file.getPackage() + "." + name);
  }

  @Test
  void aTypeIsThatOfItsGeneratedClass() {
    Optional<Message> found = MessageTypes.named("rankspec.optim.v1.LearningRate");
    assertSame(LearningRate.getDefaultInstance(), found.orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "LearningRate",
        "rankspec.optim.v1.learningrate",
        "rankspec.optim.v1.LearningRateProto",
        "rankspec.recap.v1.ModelConfig.TasksEntry",
        "google.protobuf.Duration",
      })
  void otherNamesAreThoseOfNoType(String name) {
    assertEquals(Optional.empty(), MessageTypes.named(name));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      value = {
        "# proto-message: Nothing | a message that the spec does not have: rankspec.recap.v1.Nothing",
        "# proto-file: a.proto | `a.proto` is no file of the spec",
        "# proto-file: rankspec/optim/v1/a.proto | does not say which message of rankspec.optim.v1 this is",
      })
  void aHeaderThatNamesNoTypeIsToldWhatIsWrong(String header, String reason) {
    InvalidConfigException refused =
        assertThrows(
            InvalidConfigException.class,
            () -> MessageTypes.ofHeader(header.getBytes(StandardCharsets.UTF_8)));
    String message = refused.violations().get(0).message();
    assertEquals(reason, message.contains(reason) ? reason : message);
  }
}
