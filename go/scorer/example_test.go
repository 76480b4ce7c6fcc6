package scorer_test

import (
	"errors"
	"fmt"

	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
	"github.com/rankspec/rankspec/go/scorer"
)

// begin ../README.md
// rank scores two rows with a bundle, and returns the combined score of each.
func rank(folder string, continuous []float32, binary, discrete []int64) ([]float32, error) {
	opened, err := scorer.Open(folder, scorer.Options{})
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	scores, err := opened.Score(scorer.Request{
		Columns: map[string]scorer.Column{
			"continuous": scorer.FloatRows(6, continuous),
			"binary":     scorer.IntegerRows(3, binary),
			"discrete":   scorer.IntegerRows(2, discrete),
		},
		SignatureHash: new(opened.SignatureHash()), // Of the signature that the rows were made for.
	})
	var refused *scorer.Error
	if errors.As(err, &refused) && refused.Code == servingv1.ErrorCode_ERROR_CODE_ID_OUT_OF_RANGE {
		return nil, fmt.Errorf("row %d has a new user: %w", refused.Row, err)
	}
	if err != nil {
		return nil, err
	}
	return scores[len(scores)-1].Values, nil
}

// end

func Example() {
	scores, err := rank(bundle, make([]float32, 12), make([]int64, 6), make([]int64, 4))
	fmt.Println(len(scores), scores[0] == scores[1], err)
	_, err = rank(bundle, make([]float32, 12), make([]int64, 6), []int64{0, 0, 20, 0})
	fmt.Println(err)
	// Output:
	// 2 true <nil>
	// row 1 has a new user: ID_OUT_OF_RANGE "discrete/d/0", row 1: an id from 0 to 19 of the table "user"
}

func ExampleLists() {
	opened, err := scorer.Open("../../tests/scoring/example_lists_bundle", scorer.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer opened.Close()
	// begin ../README.md
	scores, err := opened.Score(scorer.Request{
		Columns: map[string]scorer.Column{
			"continuous": scorer.FloatRows(6, make([]float32, 12)),
			"binary":     scorer.IntegerRows(3, make([]int64, 6)),
			"tags":       scorer.Lists([][]int64{{3, 7, 7}, {}}), // Three of the first row, none of the second.
		},
		SignatureHash: new(opened.SignatureHash()),
	})
	// end
	fmt.Println(scores[0].Name, len(scores[0].Values), err)
	// Output:
	// like 2 <nil>
}

// begin ../README.md
// rankRaw scores visits as the shop's own table has them, and returns how likely each ends with a purchase.
func rankRaw(folder string, visits []scorer.Row) ([]float32, error) {
	opened, err := scorer.Open(folder, scorer.Options{})
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	scores, err := opened.ScoreRaw(visits)
	var refused *scorer.Error
	if errors.As(err, &refused) && refused.Code == servingv1.ErrorCode_ERROR_CODE_VALUE_INVALID {
		return nil, fmt.Errorf("row %d has no %s that can be read: %w", refused.Row, refused.Input, err)
	}
	if err != nil {
		return nil, err
	}
	return scores[0].Values, nil
}

// end

func ExampleScorer_ScoreRaw() {
	opened, err := scorer.Open(rawBundle, scorer.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer opened.Close()
	// begin ../../docs/serving.md
	known := scorer.Row{"customer": "c17", "income": 2500.0, "city": "Ulm", "tags": []any{"eco", "new"}, "member": true}
	// Nil is a missing value; a column that is not there is refused.
	stranger := scorer.Row{"customer": nil, "income": nil, "city": "Paris", "tags": []any{}, "member": false}
	scores, err := opened.ScoreRaw([]scorer.Row{known, stranger})
	// end
	fmt.Println(scores[0].Name, len(scores[0].Values), err)

	likely, err := rankRaw(rawBundle, []scorer.Row{known, stranger})
	fmt.Println(likely[0] == scores[0].Values[0], err)
	stranger["income"] = "a lot"
	_, err = rankRaw(rawBundle, []scorer.Row{known, stranger})
	fmt.Println(err)
	known["income"] = "2.5e3"
	_, err = rankRaw(rawBundle, []scorer.Row{known, stranger})
	fmt.Println(err)
	// Output:
	// bought 2 <nil>
	// true <nil>
	// COLUMN_TYPE "income": values of one type
	// row 1 has no income that can be read: VALUE_INVALID "income", row 1: a value is to be a number, such as 1.5, -2 or 3e-4
}
