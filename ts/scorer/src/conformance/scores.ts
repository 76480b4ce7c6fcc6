// Answers the scoring corpus, in the folder that is the argument, with TypeScript's scorer. The answers, a ScoringAnswers
// of the test suite, go to the standard output.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { create, fromBinary, isFieldSet, toBinary } from "@bufbuild/protobuf";

import {
  type ScoringAnswer, ScoringAnswerSchema, ScoringAnswersSchema, type ScoringCase, ScoringCaseSchema, type ScoringColumn,
  ScoringColumnSchema, ScoringCorpusSchema, type ScoringRequest, ScoringRequestSchema, type ScoringVerdict,
  ScoringVerdictSchema,
} from "../gen/conformance/v1/scoring_pb.js";
import { type Column, openBundle, type Scorer, ScoringError, ValueType } from "../index.js";

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
  const columns = new Map(asked.columns.map((column) => [column.name, valuesOf(column)]));
  const hash = isFieldSet(asked, ScoringRequestSchema.field.signatureHash) ? asked.signatureHash : undefined;
  try {
    const scores = await scorer.score(columns, hash);
    return create(ScoringVerdictSchema, {
      columns: [...scores].map(([name, values]) => ({ name, scores: [...values] })),
    });
  } catch (error) {
    return refusal(error);
  }
}

function valuesOf(column: ScoringColumn): Column {
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
