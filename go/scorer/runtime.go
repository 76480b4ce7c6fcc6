package scorer

// #cgo CFLAGS: -std=gnu11 -O2 -Wall
// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "onnxruntime.h"
import "C"

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"

	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
)

// libraryVariable names the environment variable that says where ONNX Runtime's shared library is.
const libraryVariable = "ONNXRUNTIME_LIBRARY"

var (
	libraryMutex sync.Mutex
	isLoaded     bool
)

// loadRuntime loads ONNX Runtime, once in a process.
func loadRuntime(library string) error {
	libraryMutex.Lock()
	defer libraryMutex.Unlock()
	if isLoaded {
		return nil
	}
	name := "libonnxruntime.so"
	if runtime.GOOS == "darwin" {
		name = "libonnxruntime.dylib"
	}
	path := C.CString(cmp.Or(library, os.Getenv(libraryVariable), name))
	defer C.free(unsafe.Pointer(path))
	if err := failure(C.rs_load(path)); err != nil {
		return fmt.Errorf("ONNX Runtime is not loaded; name its library in Options.Library or %s: %w", libraryVariable, err)
	}
	isLoaded = true
	return nil
}

// failure returns the error that a function of onnxruntime.c gave, or nil.
func failure(message *C.char) error {
	if message == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(message))
	return errors.New(C.GoString(message))
}

// anySize is what ONNX Runtime says of a size that the rows decide.
const anySize = -1

// session is a model at work. Any number of goroutines may run it at once.
type session struct {
	model   *C.rs_session
	names   []*C.char
	outputs int
}

// startSession starts ONNX Runtime with a bundle's model.
func startSession(b *bundle, threads int) (*session, error) {
	data := b.contents[b.manifest.GetModelFile()]
	if err := checkModel(data, b.manifest); err != nil {
		return nil, err
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	var external []C.rs_tensor
	for _, listed := range b.manifest.GetExternalTensors() {
		numBytes, _ := tensorBytes(listed.GetShape(), int64(len(b.contents[listed.GetFile()])))
		name := C.CString(listed.GetName())
		defer C.free(unsafe.Pointer(name))
		// Mapped memory: it is not Go's, and stays until the bundle is released.
		values := unsafe.Pointer(&b.contents[listed.GetFile()][listed.GetOffset()])
		external = append(external, tensorOf(&pinner, name, values, int(numBytes), listed.GetShape(), C.RS_FLOAT32))
	}
	started := &session{outputs: len(b.manifest.GetOutputs())}
	var model unsafe.Pointer
	if len(data) > 0 {
		model = unsafe.Pointer(&data[0])
	}
	err := failure(C.rs_open(model, C.size_t(len(data)), unsafe.SliceData(external), C.size_t(len(external)),
		C.int(threads), &started.model))
	if err != nil {
		return nil, invalidModel(b.manifest, "a model that ONNX Runtime can load", err)
	}
	for _, input := range b.manifest.GetSignature().GetInputs() {
		started.names = append(started.names, C.CString(input.GetName()))
	}
	started.names = append(started.names, C.CString(outputsName))
	if err := started.checkInterface(b.manifest); err != nil {
		started.release()
		return nil, err
	}
	return started, nil
}

// checkInterface makes sure that the model takes the signature's inputs and gives the outputs.
func (s *session) checkInterface(manifest *servingv1.BundleManifest) error {
	expected := map[string]C.rs_port{}
	for _, input := range manifest.GetSignature().GetInputs() {
		port := C.rs_port{_type: C.RS_INT64, rank: 2}
		if input.GetType() == servingv1.ValueType_VALUE_TYPE_FLOAT32 {
			port._type = C.RS_FLOAT32
		}
		port.sizes[1] = C.int64_t(input.GetWidth())
		if input.GetList() {
			port.sizes[1] = anySize
		}
		expected[input.GetName()] = port
	}
	if !s.hasPorts(0, expected) {
		return invalidModel(manifest, "the inputs of the signature", nil)
	}
	output := C.rs_port{_type: C.RS_FLOAT32, rank: 2}
	output.sizes[1] = C.int64_t(s.outputs)
	if !s.hasPorts(1, map[string]C.rs_port{outputsName: output}) {
		return invalidModel(manifest, "one output, "+outputsName+", with a column for each of outputs", nil)
	}
	return nil
}

// hasPorts returns whether the inputs or outputs of the model are the expected ones, each of a matrix.
func (s *session) hasPorts(isOutput C.int, expected map[string]C.rs_port) bool {
	number := C.rs_num_ports(s.model, isOutput)
	if int(number) != len(expected) {
		return false
	}
	for index := range number {
		var port C.rs_port
		if failure(C.rs_port_at(s.model, isOutput, index, &port)) != nil {
			return false
		}
		wanted, known := expected[C.GoString(&port.name[0])]
		if !known || port._type != wanted._type || port.rank != 2 || port.sizes[1] != wanted.sizes[1] {
			return false
		}
	}
	return true
}

// run returns the model's outputs, a row after the other. Inputs are in the signature's order.
func (s *session) run(inputs []Column, rows int) ([]float32, error) {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	tensors := make([]C.rs_tensor, 0, len(inputs))
	for place, column := range inputs {
		values, size, kind := unsafe.Pointer(unsafe.SliceData(column.integers)), 8, C.RS_INT64
		if column.isFloat {
			values, size, kind = unsafe.Pointer(unsafe.SliceData(column.floats)), 4, C.RS_FLOAT32
		}
		shape := []int64{int64(rows), int64(column.width)}
		tensors = append(tensors, tensorOf(&pinner, s.names[place], values, rows*column.width*size, shape, kind))
	}
	outputs := make([]float32, rows*s.outputs)
	shape := []int64{int64(rows), int64(s.outputs)}
	output := tensorOf(&pinner, s.names[len(inputs)], unsafe.Pointer(unsafe.SliceData(outputs)), len(outputs)*4, shape, C.RS_FLOAT32)
	err := failure(C.rs_run(s.model, unsafe.SliceData(tensors), C.size_t(len(tensors)), &output))
	return outputs, err
}

// nothing is where the values of tensors without values are.
var nothing int64

// tensorOf describes a tensor, whose values and shape stay where they are until pinner lets go of them.
func tensorOf(
	pinner *runtime.Pinner, name *C.char, values unsafe.Pointer, numBytes int, shape []int64, kind int,
) C.rs_tensor {
	if numBytes == 0 {
		values = unsafe.Pointer(&nothing)
	}
	// A single number has no sizes, and C needs an address all the same.
	sizes := unsafe.SliceData(append(shape[:len(shape):len(shape)], 0))
	pinner.Pin(values)
	pinner.Pin(sizes)
	return C.rs_tensor{
		name: name, values: values, num_bytes: C.size_t(numBytes), shape: (*C.int64_t)(sizes),
		rank: C.size_t(len(shape)), _type: C.int(kind),
	}
}

func (s *session) release() {
	C.rs_close(s.model)
	for _, name := range s.names {
		C.free(unsafe.Pointer(name))
	}
}
