// Command benchmark scores rows with a bundle, and with a bare session of github.com/yalue/onnxruntime_go, in turn. It prints,
// as a line of JSON, how many milliseconds each took, and the largest difference between their scores. Its arguments are
// the bundle, a file of the rows' values as little-endian float32, how many rounds warm up, and how many are timed.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rankspec/rankspec/go/scorer"
)

type figures struct {
	Scorer     []float64 `json:"scorer_ms"`
	Bare       []float64 `json:"bare_ms"`
	Difference float64   `json:"difference"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rankspec-scoring-benchmark:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 4 {
		return fmt.Errorf("usage: rankspec-scoring-benchmark BUNDLE ROWS WARM_UP ROUNDS")
	}
	values, err := readFloats(arguments[1])
	if err != nil {
		return err
	}
	warmUp, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	rounds, err := strconv.Atoi(arguments[3])
	if err != nil {
		return err
	}
	measured, err := measure(arguments[0], values, warmUp, rounds)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(measured)
}

func readFloats(path string) ([]float32, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := make([]float32, len(data)/4)
	_, err = binary.Decode(data, binary.LittleEndian, values)
	return values, err
}

func measure(bundle string, values []float32, warmUp, rounds int) (*figures, error) {
	opened, err := scorer.Open(bundle, scorer.Options{Threads: 1})
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	input, hash := opened.Manifest().GetSignature().GetInputs()[0], opened.SignatureHash()
	bare, err := openBare(filepath.Join(bundle, opened.Manifest().GetModelFile()), input.GetName())
	if err != nil {
		return nil, err
	}
	defer bare.close()
	width := int(input.GetWidth())
	var scores []scorer.Scores
	var outputs []float32
	score := func() error {
		columns := map[string]scorer.Column{input.GetName(): scorer.FloatRows(width, values)}
		scores, err = opened.Score(scorer.Request{Columns: columns, SignatureHash: &hash})
		return err
	}
	runBare := func() error {
		outputs, err = bare.run(width, values)
		return err
	}
	times, err := inTurn(warmUp, rounds, score, runBare)
	return &figures{times[0], times[1], difference(scores, outputs)}, err
}

// inTurn returns how many milliseconds works take in each round after those that warm up. Each comes first as often as the
// others: what runs later finds the rows in the processor's memory.
func inTurn(warmUp, rounds int, works ...func() error) ([][]float64, error) {
	times := make([][]float64, len(works))
	for round := range warmUp + rounds {
		for turn := range works {
			which := (round + turn) % len(works)
			start := time.Now()
			if err := works[which](); err != nil {
				return times, err
			}
			if round >= warmUp {
				times[which] = append(times[which], time.Since(start).Seconds()*1000)
			}
		}
	}
	return times, nil
}

// difference returns the largest difference of scores from a model's outputs, a row after the other.
func difference(scores []scorer.Scores, outputs []float32) float64 {
	worst := 0.0
	for place, output := range outputs {
		score := scores[place%len(scores)].Values[place/len(scores)]
		worst = max(worst, math.Abs(float64(score)-float64(output)))
	}
	return worst
}
