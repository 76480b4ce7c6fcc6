// Answers the scoring corpus, in the folder that is the argument, with TypeScript's scorer. The answers, a ScoringAnswers
// of the test suite, go to the standard output.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { create, fromBinary, isFieldSet, toBinary } from "@bufbuild/protobuf";

import type { RawRows, RawValue as RawValueMessage } from "../gen/conformance/v1/raw_rows_pb.js";
import {
  type ScoringAnswer, ScoringAnswerSchema, ScoringAnswersSchema, type ScoringCase, ScoringCaseSchema, type ScoringColumn,
  ScoringColumnSchema, ScoringCorpusSchema, type ScoringRequest, ScoringRequestSchema, type ScoringVerdict,
  ScoringVerdictSchema,
} from "../gen/conformance/v1/scoring_pb.js";
import { type Column, openBundle, type RawValue, type Row, type Scorer, ScoringError, ValueType } from "../index.js";

async function answer(folder: string, asked: ScoringCase): Promise<ScoringAnswer> {
  const isPinned = isFieldSet(asked, ScoringCaseSchema.field.expectDigest);
  let scorer: Scorer;
  try {
    scorer = await openBundle(join(folder, asked.bundle), isPinned ? { expectDigest: asked.expectDigest } : {});
  } catch (error) {
    return create(ScoringAnswerSchema, { opening: refusal(error) });
  }
  const requests: ScoringVerdict[] = [];
  for (const request of asked.requests) {
    requests.push(await verdict(scorer, request));
  }
  await scorer.close();
  return create(ScoringAnswerSchema, { opening: { digest: scorer.digest }, requests });
}

async function verdict(scorer: Scorer, asked: ScoringRequest): Promise<ScoringVerdict> {
  try {
    const scores = await (asked.rawRows === undefined ? scored(scorer, asked) : scorer.scoreRaw(rowsOf(asked.rawRows)));
    return create(ScoringVerdictSchema, {
      columns: [...scores].map(([name, values]) => ({ name, scores: [...values] })),
    });
  } catch (error) {
    return refusal(error);
  }
}

function scored(scorer: Scorer, asked: ScoringRequest): Promise<Map<string, Float32Array>> {
  const columns = new Map(asked.columns.map((column) => [column.name, valuesOf(column)]));
  return scorer.score(columns, isFieldSet(asked, ScoringRequestSchema.field.signatureHash) ? asked.signatureHash : undefined);
}

function rowsOf({ columns, rows }: RawRows): Row[] {
  return rows.map(({ values }) => Object.fromEntries(columns.map((name, place) => [name, rawValue(values[place])])));
}

function rawValue(raw: RawValueMessage | undefined): RawValue {
  const value = raw?.value;
  if (value?.case === undefined) {
    return null;
  }
  return value.case === "list" ? value.value.values.map(rawValue) : value.value;
}

function valuesOf(column: ScoringColumn): Column {
  if (column.lists !== undefined) {
    let end = 0;
    return { lists: column.lists.lengths.map((length) => column.integers.slice(end, (end += length))) };
  }
  const isFloat = column.type === ValueType.FLOAT32;
  const values = isFloat ? Float32Array.from(column.floats) : BigInt64Array.from(column.integers);
  return isFieldSet(column, ScoringColumnSchema.field.width) ? { values, width: column.width } : { values };
}

/** An error as the corpus has it; any other is thrown on. */
function refusal(error: unknown): ScoringVerdict {
  if (!(error instanceof ScoringError)) {
    throw error;
  }
  const { code, input, row } = error;
  return create(ScoringVerdictSchema, row === undefined ? { code, input } : { code, input, row });
}

const folder = process.argv[2] ?? ".";
const corpus = fromBinary(ScoringCorpusSchema, readFileSync(join(folder, "corpus.binpb")));
const answers: ScoringAnswer[] = [];
for (const asked of corpus.cases) {
  answers.push(await answer(folder, asked));
}
process.stdout.write(toBinary(ScoringAnswersSchema, create(ScoringAnswersSchema, { answers })));
