package scorer

import (
	"fmt"
	"math"
	"regexp"
	"slices"

	recapv1 "github.com/rankspec/rankspec/gen/go/rankspec/recap/v1"
	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
	"google.golang.org/protobuf/proto"
)

const (
	manifestFile  = "manifest.binpb"
	formatVersion = 2
	// listsSince is the first version whose readers know lists of ids.
	listsSince   = 2
	sha256Length = 64
)

var plainName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

// parseManifest reads a manifest, and makes sure that it says everything consistently.
func parseManifest(data []byte) (*servingv1.BundleManifest, error) {
	manifest := &servingv1.BundleManifest{}
	if err := proto.Unmarshal(data, manifest); err != nil {
		return nil, invalidManifest("a BundleManifest in protobuf's binary form")
	}
	if least := manifest.GetLeastReaderVersion(); least > formatVersion {
		return nil, refused(servingv1.ErrorCode_ERROR_CODE_VERSION_UNKNOWN, manifestFile,
			"a bundle for readers of version %d, not of %d or later", formatVersion, least)
	}
	for _, file := range manifest.GetFiles() {
		if !plainName.MatchString(file.GetName()) || file.GetName() == manifestFile {
			return nil, refused(servingv1.ErrorCode_ERROR_CODE_NAME_UNSAFE, manifestFile,
				"plain names of files in the folder itself")
		}
	}
	if expectation := contradiction(manifest); expectation != "" {
		return nil, invalidManifest(expectation)
	}
	return manifest, nil
}

func invalidManifest(expectation string) error {
	return refused(servingv1.ErrorCode_ERROR_CODE_MANIFEST_INVALID, manifestFile, "%s", expectation)
}

// contradiction returns what should be there and is not, or nothing.
func contradiction(manifest *servingv1.BundleManifest) string {
	if manifest.GetFormatVersion() < 1 || manifest.GetLeastReaderVersion() < 1 {
		return "versions from 1 on"
	}
	for _, find := range []func(*servingv1.BundleManifest) string{
		aboutFiles, aboutSignature, aboutLists, aboutOutputs, aboutGoldenRows,
	} {
		if expectation := find(manifest); expectation != "" {
			return expectation
		}
	}
	return ""
}

func aboutFiles(manifest *servingv1.BundleManifest) string {
	names := map[string]bool{}
	for _, file := range manifest.GetFiles() {
		if names[file.GetName()] {
			return "every file once"
		}
		names[file.GetName()] = true
		if file.GetSize() < 0 || len(file.GetSha256()) != sha256Length {
			return "a size and a SHA-256 for every file"
		}
	}
	for _, used := range []struct{ field, name string }{
		{"model_file", manifest.GetModelFile()},
		{"golden_file", manifest.GetGoldenFile()},
		{"config_file", manifest.GetConfigFile()},
		{"config_text_file", manifest.GetConfigTextFile()},
	} {
		if !names[used.name] {
			return used.field + " among files"
		}
	}
	if manifest.RecipeFile != nil && !names[manifest.GetRecipeFile()] {
		return "recipe_file among files"
	}
	for _, table := range manifest.GetSignature().GetIdTables() {
		if table.VocabularyFile != nil && !names[table.GetVocabularyFile()] {
			return "vocabulary_file among files"
		}
	}
	return ""
}

func aboutSignature(manifest *servingv1.BundleManifest) string {
	signature := manifest.GetSignature()
	// Widths of the inputs that may hold ids.
	whole := map[string]int32{}
	seen := map[string]bool{}
	for _, input := range signature.GetInputs() {
		if seen[input.GetName()] {
			return "inputs, each once"
		}
		seen[input.GetName()] = true
		if !plainName.MatchString(input.GetName()) || input.GetWidth() < 1 || !isKnown(input.GetType()) {
			return "a plain name, a width and a type for every input"
		}
		if !hasFittingFeatures(input) {
			return "feature_names for every position or none, each once, and unread_positions in the row"
		}
		if input.GetType() == servingv1.ValueType_VALUE_TYPE_INT64 {
			whole[input.GetName()] = input.GetWidth()
		}
	}
	if len(seen) == 0 {
		return "inputs, each once"
	}
	if len([]rune(signature.GetHash())) != sha256Length {
		return "the signature's hash"
	}
	for _, table := range signature.GetIdTables() {
		if table.GetPosition() < 0 || table.GetPosition() >= whole[table.GetInput()] || table.GetNumIds() < 1 ||
			!hasPolicy(table) {
			return "id_tables over positions of inputs of whole numbers"
		}
	}
	return ""
}

func aboutLists(manifest *servingv1.BundleManifest) string {
	for _, input := range manifest.GetSignature().GetInputs() {
		switch {
		case !input.GetList():
			continue
		case manifest.GetLeastReaderVersion() < listsSince:
			return fmt.Sprintf("a least_reader_version of %d where inputs have lists", listsSince)
		case input.GetType() != servingv1.ValueType_VALUE_TYPE_INT64 || input.GetWidth() != 1 ||
			len(input.GetUnreadPositions()) > 0 || input.AllowedValues != nil:
			return "lists of ids alone: whole numbers, a width of 1, no unread_positions and no allowed_values"
		}
	}
	return ""
}

func isKnown(kind servingv1.ValueType) bool {
	return kind == servingv1.ValueType_VALUE_TYPE_FLOAT32 || kind == servingv1.ValueType_VALUE_TYPE_INT64
}

func hasPolicy(table *servingv1.IdTable) bool {
	policy := table.GetOutOfRangeIds()
	return policy == recapv1.OutOfRangeIds_OUT_OF_RANGE_IDS_ERROR ||
		policy == recapv1.OutOfRangeIds_OUT_OF_RANGE_IDS_BUCKET
}

func hasFittingFeatures(input *servingv1.ServedInput) bool {
	names := map[string]bool{}
	for _, name := range input.GetFeatureNames() {
		names[name] = true
	}
	given := len(input.GetFeatureNames())
	outside := func(position int32) bool { return position < 0 || position >= input.GetWidth() }
	return (given == 0 || given == int(input.GetWidth())) && len(names) == given &&
		!slices.ContainsFunc(input.GetUnreadPositions(), outside)
}

func aboutOutputs(manifest *servingv1.BundleManifest) string {
	outputs := map[string]bool{}
	before := ""
	for place, output := range manifest.GetOutputs() {
		if place > 0 && output.GetName() <= before {
			return "outputs, each once, in the order of their names' UTF-8 bytes"
		}
		before = output.GetName()
		outputs[before] = true
	}
	if len(outputs) == 0 {
		return "outputs, each once, in the order of their names' UTF-8 bytes"
	}
	for task, weight := range manifest.GetScoreWeights() {
		if !outputs[task] || math.IsNaN(weight) || math.IsInf(weight, 0) {
			return "finite weights of outputs in score_weights"
		}
	}
	if len(manifest.GetScoreWeights()) > 0 && outputs[ScoreName] {
		return "no weights where an output is called as the combined score is"
	}
	return ""
}

func aboutGoldenRows(manifest *servingv1.BundleManifest) string {
	tolerance := manifest.GetTolerance().GetAtOpening()
	if !(tolerance > 0) || math.IsInf(tolerance, 1) {
		return "a tolerance above 0"
	}
	if len(manifest.GetGoldenBatches()) == 0 {
		return "golden batches of one row at least"
	}
	for _, batch := range manifest.GetGoldenBatches() {
		if batch.GetNumRows() < 1 {
			return fmt.Sprintf("golden batches of one row at least, and %q has fewer", batch.GetName())
		}
	}
	return ""
}
