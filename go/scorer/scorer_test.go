package scorer_test

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"

	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
	"github.com/rankspec/rankspec/go/scorer"
)

// bundle is a small one, which every language's tests open.
const bundle = "../../tests/scoring/example_bundle"

func opened(t *testing.T) *scorer.Scorer {
	t.Helper()
	found, err := scorer.Open(bundle, scorer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(found.Close)
	return found
}

func rowsOf(hash string, user int64) scorer.Request {
	return scorer.Request{
		SignatureHash: &hash,
		Columns: map[string]scorer.Column{
			"continuous": scorer.FloatRows(6, []float32{0, 1, 2, 3, 4, float32(user)}),
			"binary":     scorer.IntegerRows(3, make([]int64, 3)),
			"discrete":   scorer.IntegerRows(2, []int64{user, 0}),
		},
	}
}

func TestManyGoroutinesScoreAtOnce(t *testing.T) {
	const users = 20
	own := opened(t)
	alone := make([]float32, users)
	for user := range alone {
		scores, err := own.Score(rowsOf(own.SignatureHash(), int64(user)))
		if err != nil {
			t.Fatal(err)
		}
		alone[user] = scores[0].Values[0]
	}
	var group sync.WaitGroup
	for place := range users * 5 {
		group.Go(func() {
			scores, err := own.Score(rowsOf(own.SignatureHash(), int64(place%users)))
			if err != nil || scores[0].Values[0] != alone[place%users] {
				t.Errorf("got %v, %v", scores, err)
			}
		})
	}
	group.Wait()
}

func TestAScorerThatIsClosedSaysSo(t *testing.T) {
	own := opened(t)
	own.Close()
	own.Close()

	_, err := own.Score(rowsOf(own.SignatureHash(), 0))

	var refused *scorer.Error
	if !errors.As(err, &refused) || refused.Code != servingv1.ErrorCode_ERROR_CODE_CLOSED || refused.Row != -1 {
		t.Errorf("got %v", err)
	}
}

func TestOnlyTheExpectedDigestIsOpened(t *testing.T) {
	digest := opened(t).Digest()
	same, err := scorer.Open(bundle, scorer.Options{ExpectDigest: &digest})
	if err != nil {
		t.Fatal(err)
	}
	same.Close()

	_, err = scorer.Open(bundle, scorer.Options{ExpectDigest: new("")})

	if err == nil || !strings.HasPrefix(err.Error(), "DIGEST_MISMATCH") {
		t.Errorf("got %v", err)
	}
}

func TestReadmeHasTheExample(t *testing.T) {
	readme, noReadme := os.ReadFile("../README.md")
	source, noSource := os.ReadFile("example_test.go")
	if err := errors.Join(noReadme, noSource); err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(source), "// README: begin\n")
	example, _, _ := strings.Cut(rest, "\n// README: end")
	if !strings.Contains(string(readme), "```go\n"+example+"```\n") {
		t.Errorf("the README lacks\n%s", example)
	}
}
