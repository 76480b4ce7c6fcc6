package scorer

import (
	"iter"
	"slices"
	"strconv"

	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
	"google.golang.org/protobuf/proto"
)

const (
	maxModelBytes = 1 << 30
	// outputsName is the name of the model's only output.
	outputsName = "outputs"
	// Numbers of ONNX's own schema.
	onnxFloat32, onnxExternal = 1, 1
)

// checkModel makes sure that a model has ONNX's own operators only, and its tensors in itself or where the manifest says.
func checkModel(data []byte, manifest *servingv1.BundleManifest) error {
	if len(data) > maxModelBytes {
		return tooLarge(manifest.GetModelFile(), maxModelBytes)
	}
	model := &servingv1.OnnxModel{}
	if err := proto.Unmarshal(data, model); err != nil {
		return invalidModel(manifest, "an ONNX model", err)
	}
	if !isPlain(model) {
		return invalidModel(manifest, "ONNX's own operators, and plain tensors", nil)
	}
	if !haveExternalData(model.GetGraph(), manifest) {
		return refused(servingv1.ErrorCode_ERROR_CODE_EXTERNAL_DATA_INVALID, manifest.GetModelFile(),
			"external tensors of float32 exactly where external_tensors says")
	}
	return nil
}

func isPlain(model *servingv1.OnnxModel) bool {
	for _, used := range model.GetOpsetImport() {
		if !isOwn(used.GetDomain()) {
			return false
		}
	}
	for graph := range graphs(model.GetGraph()) {
		for _, node := range graph.GetNode() {
			if !isOwn(node.GetDomain()) {
				return false
			}
		}
	}
	return len(model.GetFunctions()) == 0 && len(model.GetGraph().GetSparseInitializer()) == 0
}

func isOwn(domain string) bool {
	return domain == "" || domain == "ai.onnx"
}

// graphs yields a graph, and all graphs inside of it.
func graphs(graph *servingv1.OnnxGraph) iter.Seq[*servingv1.OnnxGraph] {
	return func(yield func(*servingv1.OnnxGraph) bool) {
		eachGraph(graph, yield)
	}
}

func eachGraph(graph *servingv1.OnnxGraph, yield func(*servingv1.OnnxGraph) bool) bool {
	if !yield(graph) {
		return false
	}
	for _, node := range graph.GetNode() {
		for _, attribute := range node.GetAttribute() {
			if attribute.G != nil && !eachGraph(attribute.GetG(), yield) {
				return false
			}
			for _, inner := range attribute.GetGraphs() {
				if !eachGraph(inner, yield) {
					return false
				}
			}
		}
	}
	return true
}

// haveExternalData returns whether the external tensors of a model are those that the manifest lists, and where it says.
func haveExternalData(graph *servingv1.OnnxGraph, manifest *servingv1.BundleManifest) bool {
	if hidesTensors(graph) {
		return false
	}
	external := map[string]*servingv1.OnnxTensor{}
	for _, tensor := range graph.GetInitializer() {
		if isExternal(tensor) {
			external[tensor.GetName()] = tensor
		}
	}
	sizes := map[string]int64{}
	for _, file := range manifest.GetFiles() {
		sizes[file.GetName()] = file.GetSize()
	}
	listed := map[string]bool{}
	for _, tensor := range manifest.GetExternalTensors() {
		if listed[tensor.GetName()] || !agree(external[tensor.GetName()], tensor, sizes) {
			return false
		}
		listed[tensor.GetName()] = true
	}
	return len(listed) == len(external)
}

// hidesTensors returns whether there are external tensors elsewhere than among the graph's own constants.
func hidesTensors(outer *servingv1.OnnxGraph) bool {
	for graph := range graphs(outer) {
		if graph != outer && slices.ContainsFunc(graph.GetInitializer(), isExternal) {
			return true
		}
		for _, node := range graph.GetNode() {
			for _, attribute := range node.GetAttribute() {
				if isExternal(attribute.GetT()) || slices.ContainsFunc(attribute.GetTensors(), isExternal) {
					return true
				}
			}
		}
	}
	return false
}

func isExternal(tensor *servingv1.OnnxTensor) bool {
	return tensor.GetDataLocation() == onnxExternal
}

// agree returns whether model and manifest say the same of where a tensor lies, and it lies there.
func agree(tensor *servingv1.OnnxTensor, listed *servingv1.ExternalTensor, sizes map[string]int64) bool {
	if tensor == nil || tensor.GetDataType() != onnxFloat32 || !slices.Equal(tensor.GetDims(), listed.GetShape()) {
		return false
	}
	size, offset := sizes[listed.GetFile()], listed.GetOffset()
	numBytes, fits := tensorBytes(listed.GetShape(), size)
	if !fits || offset < 0 || offset > size-numBytes || offset%4 != 0 {
		return false
	}
	said := map[string]string{"offset": "0", "length": strconv.FormatInt(numBytes, 10)}
	for _, entry := range tensor.GetExternalData() {
		said[entry.GetKey()] = entry.GetValue()
	}
	return said["location"] == listed.GetFile() && said["offset"] == strconv.FormatInt(offset, 10) &&
		said["length"] == strconv.FormatInt(numBytes, 10)
}

// tensorBytes returns how many bytes a tensor of float32 takes, and whether those are at most so many.
func tensorBytes(shape []int64, most int64) (int64, bool) {
	numBytes := int64(4)
	for _, size := range shape {
		if size < 1 || size > most/numBytes {
			return 0, false
		}
		numBytes *= size
	}
	return numBytes, numBytes <= most
}

func invalidModel(manifest *servingv1.BundleManifest, expectation string, err error) error {
	refusal := refused(servingv1.ErrorCode_ERROR_CODE_MODEL_INVALID, manifest.GetModelFile(), "%s", expectation)
	refusal.Err = err
	return refusal
}
