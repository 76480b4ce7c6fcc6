package scorer_test

import (
	"errors"
	"fmt"

	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
	"github.com/rankspec/rankspec/go/scorer"
)

// README: begin
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

// README: end

func Example() {
	scores, err := rank(bundle, make([]float32, 12), make([]int64, 6), make([]int64, 4))
	fmt.Println(len(scores), scores[0] == scores[1], err)
	_, err = rank(bundle, make([]float32, 12), make([]int64, 6), []int64{0, 0, 20, 0})
	fmt.Println(err)
	// Output:
	// 2 true <nil>
	// row 1 has a new user: ID_OUT_OF_RANGE "discrete/d/0", row 1: an id from 0 to 19 of the table "user"
}
