package dev.rankspec.encoding;

import dev.rankspec.data.v1.Feature;
import dev.rankspec.data.v1.ListPlaces;
import dev.rankspec.data.v1.Recipe;
import java.util.ArrayList;
import java.util.List;

/**
 * What is at each place of the vectors that a recipe makes: the feature's name; of a missing flag, with {@code .missing}
 * behind it; of a list's place, with its number. And which lists of ids are kept whole, beside the vectors.
 *
 * @param continuous names of the places of continuous values
 * @param binary names of the places of binary values
 * @param discrete names of the places of discrete values
 * @param lists names of the features whose lists are kept whole
 */
public record Positions(List<String> continuous, List<String> binary, List<String> discrete, List<String> lists) {
  /** Returns the places of the vectors that rows have which a recipe encodes. */
  public static Positions of(Recipe recipe) {
    Positions places = new Positions(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (Feature feature : recipe.getFeaturesList()) {
      places.add(feature);
    }
    return places;
  }

  private void add(Feature feature) {
    String name = feature.getName();
    switch (feature.getKindCase()) {
      case NUMBER -> {
        continuous.add(name);
        addMissing(name, feature.getNumber().getMissingFlag());
      }
      case FLAG -> {
        binary.add(name);
        addMissing(name, feature.getFlag().getMissingFlag());
      }
      case BINNED -> discrete.add(name);
      case CATEGORY -> addIds(name, feature.getCategory().hasList(), feature.getCategory().getList());
      case HASHED -> addIds(name, feature.getHashed().hasList(), feature.getHashed().getList());
      case KIND_NOT_SET -> {}
    }
  }

  private void addMissing(String name, boolean isWanted) {
    if (isWanted) {
      binary.add(name + ".missing");
    }
  }

  private void addIds(String name, boolean isList, ListPlaces list) {
    if (!isList) {
      discrete.add(name);
      return;
    }
    if (!list.hasWidth()) {
      lists.add(name);
      return;
    }
    for (int place = 0; place < list.getWidth(); place++) {
      discrete.add(name + "." + place);
    }
  }
}
