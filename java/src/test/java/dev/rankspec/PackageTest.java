package dev.rankspec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PackageTest {
  @ParameterizedTest
  @ValueSource(strings = {"LICENSE", "NOTICE", "THIRD_PARTY_NOTICES.md"})
  void theLicenceComesWithTheClasses(String file) throws IOException, URISyntaxException {
    Path classes = Path.of(Config.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    assertEquals(Repository.text(file), Files.readString(classes.resolve("META-INF").resolve(file)));
  }
}
