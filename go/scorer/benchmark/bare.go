package main

import (
	"os"

	ort "github.com/yalue/onnxruntime_go"
)

// bareSession is a model at work without anything around it.
type bareSession struct {
	session *ort.DynamicAdvancedSession
}

func openBare(model, input string) (*bareSession, error) {
	// The scorer's library; it is loaded once in a process.
	ort.SetSharedLibraryPath(os.Getenv("ONNXRUNTIME_LIBRARY"))
	if err := ort.InitializeEnvironment(); err != nil {
		return nil, err
	}
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	if err := options.SetIntraOpNumThreads(1); err != nil {
		return nil, err
	}
	session, err := ort.NewDynamicAdvancedSession(model, []string{input}, []string{"outputs"}, options)
	return &bareSession{session}, err
}

// run returns the model's outputs, a row after the other.
func (b *bareSession) run(width int, values []float32) ([]float32, error) {
	input, err := ort.NewTensor(ort.NewShape(int64(len(values)/width), int64(width)), values)
	if err != nil {
		return nil, err
	}
	defer input.Destroy()
	outputs := []ort.Value{nil}
	if err := b.session.Run([]ort.Value{input}, outputs); err != nil {
		return nil, err
	}
	defer outputs[0].Destroy()
	return append([]float32(nil), outputs[0].(*ort.Tensor[float32]).GetData()...), nil
}

func (b *bareSession) close() {
	_ = b.session.Destroy()
	_ = ort.DestroyEnvironment()
}
