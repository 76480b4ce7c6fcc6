// Command rankspec-scores answers the scoring corpus, in the folder that is its argument, with Go's scorer. The answers, a
// ScoringAnswers of the test suite, go to the standard output.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	conformancev1 "github.com/rankspec/rankspec/gen/go/conformance/v1"
	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
	"github.com/rankspec/rankspec/go/scorer"
	"google.golang.org/protobuf/proto"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: rankspec-scores FOLDER")
		os.Exit(2)
	}
	if err := answerAll(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answerAll(folder string) error {
	data, err := os.ReadFile(filepath.Join(folder, "corpus.binpb"))
	if err != nil {
		return err
	}
	corpus := &conformancev1.ScoringCorpus{}
	if err := proto.Unmarshal(data, corpus); err != nil {
		return err
	}
	answers := &conformancev1.ScoringAnswers{}
	for _, scoringCase := range corpus.GetCases() {
		answer, err := answer(folder, scoringCase)
		if err != nil {
			return err
		}
		answers.Answers = append(answers.Answers, answer)
	}
	written, err := proto.Marshal(answers)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(written)
	return err
}

func answer(folder string, asked *conformancev1.ScoringCase) (*conformancev1.ScoringAnswer, error) {
	opened, err := scorer.Open(filepath.Join(folder, asked.GetBundle()), scorer.Options{ExpectDigest: asked.ExpectDigest})
	if err != nil {
		refusal, err := refusal(err)
		return &conformancev1.ScoringAnswer{Opening: refusal}, err
	}
	defer opened.Close()
	answer := &conformancev1.ScoringAnswer{Opening: &conformancev1.ScoringVerdict{Digest: new(opened.Digest())}}
	for _, request := range asked.GetRequests() {
		verdict, err := verdict(opened, request)
		if err != nil {
			return nil, err
		}
		answer.Requests = append(answer.Requests, verdict)
	}
	return answer, nil
}

func verdict(opened *scorer.Scorer, asked *conformancev1.ScoringRequest) (*conformancev1.ScoringVerdict, error) {
	scores, err := scoresOf(opened, asked)
	if err != nil {
		return refusal(err)
	}
	verdict := &conformancev1.ScoringVerdict{}
	for _, scored := range scores {
		column := &conformancev1.ScoredColumn{Name: new(scored.Name), Scores: scored.Values}
		verdict.Columns = append(verdict.Columns, column)
	}
	return verdict, nil
}

func scoresOf(opened *scorer.Scorer, asked *conformancev1.ScoringRequest) ([]scorer.Scores, error) {
	if asked.RawRows != nil {
		return opened.ScoreRaw(rowsOf(asked.GetRawRows()))
	}
	request := scorer.Request{Columns: map[string]scorer.Column{}, SignatureHash: asked.SignatureHash}
	for _, column := range asked.GetColumns() {
		request.Columns[column.GetName()] = valuesOf(column)
	}
	return opened.Score(request)
}

func rowsOf(raw *conformancev1.RawRows) []scorer.Row {
	rows := make([]scorer.Row, len(raw.GetRows()))
	for number, given := range raw.GetRows() {
		rows[number] = scorer.Row{}
		for place, name := range raw.GetColumns() {
			rows[number][name] = rawValue(given.GetValues()[place])
		}
	}
	return rows
}

func rawValue(raw *conformancev1.RawValue) any {
	switch value := raw.GetValue().(type) {
	case *conformancev1.RawValue_Text:
		return value.Text
	case *conformancev1.RawValue_Whole:
		return value.Whole
	case *conformancev1.RawValue_Number:
		return value.Number
	case *conformancev1.RawValue_Flag:
		return value.Flag
	case *conformancev1.RawValue_List:
		items := make([]any, len(value.List.GetValues()))
		for place, item := range value.List.GetValues() {
			items[place] = rawValue(item)
		}
		return items
	}
	return nil
}

func valuesOf(column *conformancev1.ScoringColumn) scorer.Column {
	isFloat := column.GetType() == servingv1.ValueType_VALUE_TYPE_FLOAT32
	width := int(column.GetWidth())
	switch {
	case column.Lists != nil:
		return scorer.Lists(listsOf(column))
	case isFloat && column.Width != nil:
		return scorer.FloatRows(width, column.GetFloats())
	case isFloat:
		return scorer.Floats(column.GetFloats())
	case column.Width != nil:
		return scorer.IntegerRows(width, column.GetIntegers())
	default:
		return scorer.Integers(column.GetIntegers())
	}
}

func listsOf(column *conformancev1.ScoringColumn) [][]int64 {
	lengths := column.GetLists().GetLengths()
	rows, rest := make([][]int64, len(lengths)), column.GetIntegers()
	for row, length := range lengths {
		rows[row], rest = rest[:length], rest[length:]
	}
	return rows
}

// refusal returns an error as the corpus has it, or the error itself if it is none of the scorer's.
func refusal(err error) (*conformancev1.ScoringVerdict, error) {
	var refused *scorer.Error
	if !errors.As(err, &refused) {
		return nil, err
	}
	verdict := &conformancev1.ScoringVerdict{Code: &refused.Code, Input: &refused.Input}
	if refused.Row >= 0 {
		verdict.Row = new(int32(refused.Row))
	}
	return verdict, nil
}
