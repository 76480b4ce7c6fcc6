package rankspec_test

import (
	"errors"
	"fmt"

	optimv1 "github.com/rankspec/rankspec/gen/go/rankspec/optim/v1"
	rankspec "github.com/rankspec/rankspec/go"
)

func Example() {
	text := []byte(`
learning_rate {
  linear_ramp_to_constant { learning_rate: 0.1 num_ramp_steps: 4 }
}
adam { eps: 1e-08 }
`)
	config := &optimv1.OptimizerConfig{}
	if err := rankspec.LoadText(text, config, rankspec.Options{File: "optimizer.textproto"}); err != nil {
		fmt.Println(err)
		return
	}
	resolved, err := rankspec.Resolve(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	identity, err := rankspec.Fingerprint(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resolved.GetAdam().GetBetas())
	fmt.Println(identity.Semantic[:16])
	for step := range int64(5) {
		rate, err := rankspec.LearningRateAt(config.GetLearningRate(), step)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%.3f ", rate)
	}
	// Output:
	// [0.9 0.999]
	// 71b741915750bfc7
	// 0.000 0.025 0.050 0.075 0.100
}

func ExampleLoadText_invalid() {
	text := []byte("learning_rate {\n  constant: -1\n}\nadam {\n  lr: 0.1\n}\n")
	err := rankspec.LoadText(text, &optimv1.OptimizerConfig{}, rankspec.Options{File: "optimizer.textproto"})
	var invalid *rankspec.InvalidError
	if errors.As(err, &invalid) {
		for _, violation := range invalid.Violations {
			fmt.Println(violation.Line, violation.Path, violation.Code)
		}
	}
	// Output:
	// 2 learning_rate.constant double.gte
	// 5 adam.lr optim.optimizer.one_learning_rate
}
