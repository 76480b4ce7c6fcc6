/** Judging a config by the rules of its schema, which protovalidate reads from the `buf.validate` annotations. */
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { createValidator, type Violation as Reported, violationToProto, type Validator } from "@bufbuild/protovalidate";

import { at, join, type Key, namesField } from "./paths.js";
import { distinct, type Violation } from "./violations.js";

interface Finding extends Violation {
  /** Whether a rule over several fields says so, in words of its own. */
  readonly isOurs: boolean;
}

type Path = Reported["field"];

// A line of what a rule over several fields returns: the path of the offending field, and what is wrong.
const LINE = /^([A-Za-z_](?:[A-Za-z0-9_.]|\[[0-9]+\]|\["[^"\\]*(?:\\.[^"\\]*)*"\])*): (.*)$/s;

let shared: Validator | undefined;

/**
 * Judges a config by all rules.
 *
 * A number that is not finite is that and nothing else: the ranges it also misses are left out.
 *
 * @param schema The config's type.
 * @param config The config, with its variables replaced and no list or map too long.
 * @returns What the rules object to, each path and code once; empty for a valid config.
 */
export function validate<Desc extends DescMessage>(schema: Desc, config: MessageShape<Desc>): Violation[] {
  // The validator keeps the compiled rules of every type it has seen.
  shared ??= createValidator();
  const result = shared.validate(schema, config);
  if (result.kind === "error") {
    throw result.error;
  }
  const found = (result.violations ?? []).flatMap((violation) => findings(violation, schema));
  const notFinite = new Set(found.filter(isFiniteRule).map((finding) => finding.path));
  const kept = found.filter((finding) => finding.isOurs || isFiniteRule(finding) || !notFinite.has(finding.path));
  return distinct(kept.map(({ path, code, message }) => ({ path, code, message })));
}

function isFiniteRule(finding: Finding): boolean {
  return !finding.isOurs && finding.code.endsWith(".finite");
}

function findings(violation: Reported, schema: DescMessage): Finding[] {
  const site = written(violation.field);
  const { ruleId: code, message } = violation;
  const whole = { path: site, code, message };
  if (!isOurs(violation)) {
    return [{ ...whole, isOurs: false }];
  }
  const holder = typeAt(violation.field, schema);
  const lines = message.split("\n").map((line) => located(line, holder));
  if (lines.some((line) => line === undefined)) {
    return [{ ...whole, isOurs: true }];
  }
  return lines.flatMap((line) => line ?? []).map((line) => ({
    path: join(site, line.path),
    code,
    message: line.text,
    isOurs: true,
  }));
}

/** Tells whether a rule is one of the spec's own, written in CEL. */
function isOurs(violation: Reported): boolean {
  if (!violation.ruleId.includes(".") || violation.ruleId === "message.oneof") {
    return false;
  }
  const rule = violationToProto(violation)[0].rule?.elements.at(-1);
  return rule === undefined || rule.fieldName === "cel";
}

/** Splits a line into the path of a field of the holder's and the rest. */
function located(line: string, holder: DescMessage | undefined): { path: string; text: string } | undefined {
  const [, path, text] = LINE.exec(line) ?? [];
  if (holder === undefined || path === undefined || text === undefined || !namesField(holder, path)) {
    return undefined;
  }
  return { path, text };
}

/** The message type at a path; undefined for a scalar or a oneof. */
function typeAt(path: Path, schema: DescMessage): DescMessage | undefined {
  const last = path.findLast((element) => element.kind !== "list_sub" && element.kind !== "map_sub");
  if (last === undefined) {
    return schema;
  }
  return last.kind === "oneof" ? undefined : last.message;
}

/** Writes a path; keys are escaped less than the library does. */
function written(path: Path): string {
  return path.reduce((before, element) => {
    switch (element.kind) {
      case "list_sub":
        return at(before, element.index);
      case "map_sub":
        return at(before, element.key as Key);
      case "extension":
        return join(before, `[${element.typeName}]`);
      default:
        return join(before, element.name);
    }
  }, "");
}
