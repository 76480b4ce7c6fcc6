package scorer_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
	"github.com/rankspec/rankspec/go/scorer"
)

// rawBundle is a small one with a recipe, which every language's tests open.
const rawBundle = "../../tests/scoring/example_raw_bundle"

func openedRaw(t *testing.T) *scorer.Scorer {
	t.Helper()
	found, err := scorer.Open(rawBundle, scorer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(found.Close)
	return found
}

// visit returns a raw row, changed; a column that is changed to itself is not there.
func visit(changes scorer.Row) scorer.Row {
	row := scorer.Row{
		"customer": "c17", "income": 2500.5, "city": "Ulm", "tags": []any{"eco", nil}, "member": true, "remark": "none",
	}
	for column, value := range changes {
		if row[column] = value; value == column {
			delete(row, column)
		}
	}
	return row
}

func scoreOf(t *testing.T, own *scorer.Scorer, row scorer.Row) float32 {
	t.Helper()
	scores, err := own.ScoreRaw([]scorer.Row{row})
	if err != nil || len(scores) != 1 || scores[0].Name != "bought" || len(scores[0].Values) != 1 {
		t.Fatalf("got %v, %v", scores, err)
	}
	return scores[0].Values[0]
}

func TestWhatARawRowSaysIsReadWhateverItsForm(t *testing.T) {
	own := openedRaw(t)
	usual := scoreOf(t, own, visit(nil))
	for name, changes := range map[string]scorer.Row{
		"number as text": {"income": "2500.5"}, "flag as text": {"member": "yes"}, "flag as a number": {"member": 1},
		"more of a list": {"tags": []any{"eco", nil, nil}}, "unread": {"remark": "remark", "other": []int{1}},
	} {
		if found := scoreOf(t, own, visit(changes)); found != usual {
			t.Errorf("%s: got %v, want %v", name, found, usual)
		}
	}
	for name, changes := range map[string]scorer.Row{
		"number": {"income": 99}, "missing": {"income": nil}, "flag": {"member": false}, "city": {"city": "Köln"},
		"customer": {"customer": "c1"}, "list": {"tags": []any{"new"}},
	} {
		if found := scoreOf(t, own, visit(changes)); found == usual {
			t.Errorf("%s makes no difference", name)
		}
	}
	missing, notFinite := scoreOf(t, own, visit(scorer.Row{"income": nil})), scoreOf(t, own, visit(scorer.Row{"income": math.NaN()}))
	if missing != notFinite {
		t.Errorf("missing gives %v, and NaN %v", missing, notFinite)
	}
}

func TestRawRowsScoreAsTheVectorsThatTheyBecome(t *testing.T) {
	own := openedRaw(t)
	row := visit(scorer.Row{"income": nil, "customer": nil, "city": "unheard of", "tags": nil, "member": nil})
	// What has no value is 0, but for these: a flag, what is unseen, and the median of the rows that the recipe was fitted to.
	given := map[string]int64{"income.missing": 1, "city": 1}
	columns := map[string]scorer.Column{"continuous": scorer.FloatRows(1, []float32{2934.2890625})}
	for _, input := range own.Manifest().GetSignature().GetInputs()[1:] {
		values := make([]int64, input.GetWidth())
		for position, name := range input.GetFeatureNames() {
			values[position] = given[name]
		}
		columns[input.GetName()] = scorer.IntegerRows(len(values), values)
	}

	scores, err := own.Score(scorer.Request{Columns: columns, SignatureHash: new(own.SignatureHash())})

	if raw := scoreOf(t, own, row); err != nil || scores[0].Values[0] != raw {
		t.Errorf("got %v, %v, want %v", scores, err, raw)
	}
}

func TestRawColumnsAreThoseThatAreRead(t *testing.T) {
	columns, err := openedRaw(t).RawColumns()
	if want := []string{"customer", "income", "city", "tags", "member"}; err != nil || !slices.Equal(columns, want) {
		t.Errorf("got %v, %v", columns, err)
	}
	columns[0] = "other"
}

func TestNoRawRowsHaveNoScores(t *testing.T) {
	scores, err := openedRaw(t).ScoreRaw(nil)
	if err != nil || len(scores) != 1 || len(scores[0].Values) != 0 {
		t.Errorf("got %v, %v", scores, err)
	}
}

func TestRawRowsAreRefusedByColumnAndRow(t *testing.T) {
	own := openedRaw(t)
	for name, asked := range map[string]struct {
		change scorer.Row
		code   servingv1.ErrorCode
		column string
		row    int
	}{
		"absent":        {scorer.Row{"city": "city"}, servingv1.ErrorCode_ERROR_CODE_COLUMN_MISSING, "city", -1},
		"value":         {scorer.Row{"income": "secret"}, servingv1.ErrorCode_ERROR_CODE_VALUE_INVALID, "income", 1},
		"type":          {scorer.Row{"city": 7}, servingv1.ErrorCode_ERROR_CODE_COLUMN_TYPE, "city", -1},
		"foreign type":  {scorer.Row{"city": []byte("secret")}, servingv1.ErrorCode_ERROR_CODE_COLUMN_TYPE, "city", -1},
		"a typed list":  {scorer.Row{"tags": []string{"secret"}}, servingv1.ErrorCode_ERROR_CODE_COLUMN_TYPE, "tags", -1},
		"several types": {scorer.Row{"member": "yes"}, servingv1.ErrorCode_ERROR_CODE_COLUMN_TYPE, "member", -1},
	} {
		first := visit(nil)
		if name == "value" {
			first["income"] = "1"
		}

		_, err := own.ScoreRaw([]scorer.Row{first, visit(asked.change)})

		var refused *scorer.Error
		if !errors.As(err, &refused) || refused.Code != asked.code || refused.Input != asked.column || refused.Row != asked.row {
			t.Errorf("%s: got %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: a value is in %v", name, err)
		}
	}
}

func TestABundleWithoutARecipeTakesNoRawRows(t *testing.T) {
	_, err := opened(t).ScoreRaw([]scorer.Row{visit(nil)})
	var refused *scorer.Error
	if !errors.As(err, &refused) || refused.Code != servingv1.ErrorCode_ERROR_CODE_RECIPE_MISSING || refused.Row != -1 {
		t.Errorf("got %v", err)
	}
	if _, err := opened(t).RawColumns(); !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
}

func TestAClosedScorerTakesNoRawRows(t *testing.T) {
	for name, before := range map[string]func(*scorer.Scorer){
		"never asked": func(*scorer.Scorer) {},
		"asked":       func(own *scorer.Scorer) { scoreOf(t, own, visit(nil)) },
	} {
		own := openedRaw(t)
		before(own)
		own.Close()

		_, err := own.ScoreRaw([]scorer.Row{visit(nil)})

		var refused *scorer.Error
		if !errors.As(err, &refused) || refused.Code != servingv1.ErrorCode_ERROR_CODE_CLOSED {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestManyGoroutinesScoreRawRowsAtOnce(t *testing.T) {
	own, want := openedRaw(t), scoreOf(t, openedRaw(t), visit(nil))
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			scores, err := own.ScoreRaw([]scorer.Row{visit(nil)})
			if err != nil || scores[0].Values[0] != want {
				t.Errorf("got %v, %v", scores, err)
			}
		})
	}
	group.Wait()
}
