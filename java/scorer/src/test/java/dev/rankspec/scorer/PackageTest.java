package dev.rankspec.scorer;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/** Who scores gets no rule engine. */
class PackageTest {
  @ParameterizedTest
  @ValueSource(strings = {"build.buf.protovalidate.ValidatorFactory", "dev.cel.runtime.CelRuntime"})
  void noRuleEngineIsOnTheClassPath(String engine) {
    assertThrows(ClassNotFoundException.class, () -> Class.forName(engine));
    assertDoesNotThrow(() -> Class.forName("build.buf.validate.ValidateProto"));
  }

  @Test
  void whatUsersGetBesideIsProtobufAndOnnxRuntime()
      throws IOException, ParserConfigurationException, SAXException {
    Element pom =
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(Path.of("pom.xml").toFile()).getDocumentElement();
    NodeList dependencies = ((Element) pom.getElementsByTagName("dependencies").item(0)).getElementsByTagName("dependency");
    List<String> needed = new ArrayList<>();
    for (int place = 0; place < dependencies.getLength(); place++) {
      Element dependency = (Element) dependencies.item(place);
      if (dependency.getElementsByTagName("scope").getLength() == 0) {
        needed.add(dependency.getElementsByTagName("artifactId").item(0).getTextContent());
      }
    }

    assertEquals(List.of("protobuf-java", "onnxruntime"), needed);
  }
}
