package scorer_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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

// program is one that scores raw rows.
const program = `package main

import (
	"fmt"
	"os"

	"github.com/rankspec/rankspec/go/scorer"
)

func main() {
	opened, err := scorer.Open(os.Args[1], scorer.Options{})
	fmt.Println(opened.RawColumns())
	fmt.Println(err)
}
`

func TestReadmeWorksInAFolderOfItsOwn(t *testing.T) {
	readme, noReadme := os.ReadFile("../README.md")
	checkout, noCheckout := filepath.Abs("../..")
	folder := t.TempDir()
	if err := errors.Join(noReadme, noCheckout, os.WriteFile(folder+"/main.go", []byte(program), 0o600)); err != nil {
		t.Fatal(err)
	}
	way := regexp.MustCompile("(?ms)^```sh\n(.*?)^```").FindStringSubmatch(string(readme))[1]
	raw, _ := filepath.Abs(rawBundle)
	commands := "RANKSPEC=" + checkout + "\ngo mod init example.com/serve\n" + way + "\ngo get .\ngo run . " + raw
	shell := exec.Command("bash", "-euo", "pipefail", "-c", commands)
	shell.Dir = folder
	// Without a network, the modules that this test was built with are there, but nobody to ask what they should be.
	shell.Env = append(os.Environ(), "GOWORK=", "GOSUMDB=off")

	output, err := shell.CombinedOutput()

	if err != nil || !strings.Contains(string(output), "[customer income city tags member] <nil>\n<nil>\n") {
		t.Errorf("%v, got:\n%s", err, output)
	}
	sums, err := os.ReadFile(folder + "/go.sum")
	if err != nil || strings.Contains(string(sums), "cel") {
		t.Errorf("%v, got:\n%s", err, sums)
	}
}

func TestPagesHaveTheExamples(t *testing.T) {
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile(`(?ms)^(\t*)// begin (\S+)\n(.*?)\n+\t*// end$`).FindAllStringSubmatch(string(source), -1)
	if len(examples) != 4 {
		t.Fatalf("found %d examples", len(examples))
	}
	for _, found := range examples {
		page, err := os.ReadFile(found[2])
		if err != nil {
			t.Fatal(err)
		}
		example := strings.ReplaceAll("\n"+found[3], "\n"+found[1], "\n")
		if !strings.Contains(string(page), "```go"+example+"\n```\n") {
			t.Errorf("%s lacks\n%s", found[2], example)
		}
	}
}
