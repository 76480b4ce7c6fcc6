// Command rankspec-benchmark prints, as a line of JSON, how long loading the ranker's config that is named takes: the
// first time, with and without prewarming, and when warm, beside prototext on the text that is named second; and the heap
// that is kept afterwards.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	recapv1 "github.com/rankspec/rankspec/gen/go/rankspec/recap/v1"
	rankspec "github.com/rankspec/rankspec/go"
	"google.golang.org/protobuf/encoding/prototext"
)

const (
	warmUp = 300
	runs   = 200
)

type figures struct {
	Prewarm float64 `json:"prewarm_ms"`
	First   float64 `json:"first_ms"`
	Warm    float64 `json:"warm_ms"`
	Parse   float64 `json:"parse_ms"`
	Heap    float64 `json:"heap_mib"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rankspec-benchmark:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) < 2 {
		return fmt.Errorf("usage: rankspec-benchmark CONFIG EXPANDED [prewarm]")
	}
	text, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	expanded, err := os.ReadFile(arguments[1])
	if err != nil {
		return err
	}
	measured, err := measure(text, expanded, len(arguments) > 2)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(measured)
}

func measure(text, expanded []byte, prewarms bool) (figures, error) {
	var measured figures
	var err error
	config := &recapv1.RecapConfig{}
	load := func() error { return rankspec.LoadText(text, config, rankspec.Options{}) }
	parse := func() error { return prototext.Unmarshal(expanded, &recapv1.RecapConfig{}) }
	if prewarms {
		if measured.Prewarm, err = milliseconds(func() error { return rankspec.Prewarm(config) }); err != nil {
			return measured, err
		}
	}
	if measured.First, err = milliseconds(load); err != nil {
		return measured, err
	}
	if measured.Warm, measured.Parse, err = medians(load, parse); err != nil {
		return measured, err
	}
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	measured.Heap = float64(memory.HeapAlloc) / (1 << 20)
	runtime.KeepAlive(config)
	return measured, nil
}

// medians times two works in turn, so that a busy moment of the machine hits both.
func medians(works ...func() error) (float64, float64, error) {
	var samples [2][]float64
	for i := range warmUp + runs {
		for which, work := range works {
			took, err := milliseconds(work)
			if err != nil {
				return 0, 0, err
			}
			if i >= warmUp {
				samples[which] = append(samples[which], took)
			}
		}
	}
	slices.Sort(samples[0])
	slices.Sort(samples[1])
	return samples[0][runs/2], samples[1][runs/2], nil
}

func milliseconds(work func() error) (float64, error) {
	start := time.Now()
	err := work()
	return time.Since(start).Seconds() * 1000, err
}
