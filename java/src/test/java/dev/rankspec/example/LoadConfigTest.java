package dev.rankspec.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.rankspec.Repository;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class LoadConfigTest {
  @Test
  void theReadmeShowsTheExampleThatIsTested() {
    String source = Repository.text("java/src/test/java/dev/rankspec/example/LoadConfig.java");
    String shown =
        source.substring(source.indexOf("begin\n") + 6, source.indexOf("\n  // README: end")).stripIndent();
    assertTrue(Repository.text("java/README.md").contains("```java\n" + shown + "\n```\n"), shown);
  }

  @Test
  void theReadmeDependsOnTheVersionThatIsBuilt() {
    Pattern version = Pattern.compile("<artifactId>rankspec</artifactId>\\s*<version>([^<]*)");
    Matcher built = version.matcher(Repository.text("java/pom.xml"));
    Matcher shown = version.matcher(Repository.text("java/README.md"));
    assertTrue(built.find() && shown.find());
    assertEquals(built.group(1), shown.group(1));
  }

  @Test
  void theExamplePrintsWhatAConfigIs() throws IOException {
    PrintStream console = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try {
      System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
      LoadConfig.main(new String[] {Repository.at("configs/recap/tiny.textproto").toString()});
    } finally {
      System.setOut(console);
    }
    List<String> lines = printed.toString(StandardCharsets.UTF_8).lines().toList();
    assertEquals("steps    60", lines.get(1));
    assertEquals("rate     0.001", lines.get(2));
    assertTrue(lines.get(3).matches("semantic [0-9a-f]{64}"), lines.get(3));
  }
}
