/** What is at each place of the vectors that a recipe makes, and which lists it keeps whole. */
import type { CategoryFeature, HashedFeature, Recipe } from "../gen/rankspec/data/v1/recipe_pb.js";
import { wholeListOf } from "./features.js";

/**
 * The names of the places of each vector, in their order: the feature's; of a missing flag, with `.missing` behind it; of a
 * list's place, with its number.
 */
export interface Positions {
  readonly continuous: string[];
  readonly binary: string[];
  readonly discrete: string[];
  /** The names of the features whose lists are kept whole, in no vector. */
  readonly lists: string[];
}

/** Returns the places of the vectors that rows have which a recipe encodes. */
export function positions(recipe: Recipe): Positions {
  const places: Positions = { continuous: [], binary: [], discrete: [], lists: [] };
  for (const feature of recipe.features) {
    const { name, kind } = feature;
    switch (kind.case) {
      case "number":
        places.continuous.push(name);
        places.binary.push(...missing(name, kind.value.missingFlag));
        break;
      case "flag":
        places.binary.push(name, ...missing(name, kind.value.missingFlag));
        break;
      case "binned":
        places.discrete.push(name);
        break;
      case "category":
      case "hashed":
        if (wholeListOf(feature) === undefined) {
          places.discrete.push(...ids(name, kind.value));
        } else {
          places.lists.push(name);
        }
        break;
      default:
    }
  }
  return places;
}

function missing(name: string, isWanted: boolean): string[] {
  return isWanted ? [`${name}.missing`] : [];
}

function ids(name: string, { list }: CategoryFeature | HashedFeature): string[] {
  return list === undefined ? [name] : Array.from({ length: list.width }, (_, place) => `${name}.${place}`);
}
