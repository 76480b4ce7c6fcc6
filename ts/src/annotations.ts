/** What the schema says of a field beside its type and rules: the options of `rankspec.options.v1`. */
import { type DescField, getOption } from "@bufbuild/protobuf";

import { default_items, Effect, effect, inherits_from } from "./gen/rankspec/options/v1/options_pb.js";

interface Annotations {
  /** Whether another value of the field trains another function. */
  readonly isSemantic: boolean;
  /** The items that an empty list stands for, as texts. */
  readonly defaultItems: readonly string[];
  /** The config's field that the field switches inheritance from on; empty for others. */
  readonly inheritsFrom: string;
}

// Reading an option means decoding it.
const known = new WeakMap<DescField, Annotations>();

/** Returns a field's annotations. */
export function annotationsOf(field: DescField): Annotations {
  let found = known.get(field);
  if (found === undefined) {
    found = {
      isSemantic: getOption(field, effect) === Effect.SEMANTIC,
      defaultItems: getOption(field, default_items),
      inheritsFrom: getOption(field, inherits_from),
    };
    known.set(field, found);
  }
  return found;
}
