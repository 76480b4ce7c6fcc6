package rankspec

import (
	"errors"
	"fmt"
	"math"
	"sort"

	optimv1 "github.com/rankspec/rankspec/gen/go/rankspec/optim/v1"
)

// LearningRateAt computes the rate that update number step, counted from 0, is made with.
//
// The schedule has to be a valid one; it is an error if none is chosen, or step is negative. Several goroutines may ask the
// same schedule at the same time, as long as none changes it.
func LearningRateAt(schedule *optimv1.LearningRate, step int64) (float64, error) {
	if step < 0 {
		return 0, fmt.Errorf("steps count from 0, there is no step %d", step)
	}
	switch lr := schedule.GetLr().(type) {
	case *optimv1.LearningRate_Constant:
		return lr.Constant, nil
	case *optimv1.LearningRate_PiecewiseConstant:
		return piecewiseConstant(lr.PiecewiseConstant, step)
	case *optimv1.LearningRate_LinearRampToConstant:
		return linearRampToConstant(lr.LinearRampToConstant, step), nil
	case *optimv1.LearningRate_LinearRampToCosine:
		return linearRampToCosine(lr.LinearRampToCosine, step), nil
	default:
		return 0, errors.New("no schedule is chosen")
	}
}

func piecewiseConstant(schedule *optimv1.PiecewiseConstant, step int64) (float64, error) {
	boundaries, values := schedule.GetLearningRateBoundaries(), schedule.GetLearningRateValues()
	if len(values) != len(boundaries)+1 {
		return 0, fmt.Errorf("%d boundaries need one value more than that, not %d", len(boundaries), len(values))
	}
	passed := sort.Search(len(boundaries), func(i int) bool { return boundaries[i] > step })
	return values[passed], nil
}

func ramp(learningRate float64, numRampSteps, step int64) float64 {
	return float64(step) * learningRate / float64(numRampSteps)
}

func linearRampToConstant(schedule *optimv1.LinearRampToConstant, step int64) float64 {
	if step >= schedule.GetNumRampSteps() {
		return schedule.GetLearningRate()
	}
	return ramp(schedule.GetLearningRate(), schedule.GetNumRampSteps(), step)
}

// linearRampToCosine is a warm-up, then half a cosine (Loshchilov and Hutter, 2017, SGDR, equation 5, without restarts).
func linearRampToCosine(schedule *optimv1.LinearRampToCosine, step int64) float64 {
	peak, final := schedule.GetLearningRate(), schedule.GetFinalLearningRate()
	start, end := schedule.GetNumRampSteps(), schedule.GetFinalNumSteps()
	switch {
	case step < start:
		return ramp(peak, start, step)
	case step >= end:
		return final
	}
	progress := float64(step-start) / float64(end-start)
	// The conversion keeps the compiler from fusing product and sum, which would round once less than other languages do.
	return final + float64((peak-final)/2*(1+math.Cos(math.Pi*progress)))
}
