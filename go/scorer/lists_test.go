package scorer

import (
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"testing"

	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
	"google.golang.org/protobuf/proto"
)

// listsBundle is a small one whose last input has lists, for tests of every language: their ids run from 0 to 11.
const listsBundle = "../../tests/scoring/example_lists_bundle"

func openedLists(t *testing.T) *Scorer {
	t.Helper()
	found, err := Open(listsBundle, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(found.Close)
	return found
}

// taggedRows returns as many rows as a column of lists has.
func taggedRows(own *Scorer, tags Column, rows int) Request {
	return Request{SignatureHash: new(own.SignatureHash()), Columns: map[string]Column{
		"continuous": FloatRows(6, make([]float32, 6*rows)),
		"binary":     IntegerRows(3, make([]int64, 3*rows)),
		"tags":       tags,
	}}
}

func scoresOf(t *testing.T, own *Scorer, tags Column, rows int) []float32 {
	t.Helper()
	scores, err := own.Score(taggedRows(own, tags, rows))
	if err != nil || len(scores[0].Values) != rows {
		t.Fatalf("got %v, %v", scores, err)
	}
	return scores[0].Values
}

func near(one, other []float32) bool {
	return slices.EqualFunc(one, other, func(a, b float32) bool { return max(a-b, b-a) < 1e-6 })
}

func TestListsOfEveryLengthAreScored(t *testing.T) {
	own := openedLists(t)
	found := scoresOf(t, own, Lists([][]int64{{3, 7, 7}, {}, {11}, nil}), 4)
	if found[1] != found[3] || near(found[:1], found[1:2]) || near(found[:1], found[2:3]) {
		t.Errorf("got %v", found)
	}
	const none = padding
	for name, tags := range map[string]Column{
		"another order": Lists([][]int64{{7, 3, 7}, nil, {11}, {}}),
		"matrix":        IntegerRows(3, []int64{3, 7, 7, none, none, none, 11, none, none, none, none, none}),
		"wider matrix": IntegerRows(4, []int64{
			3, 7, 7, none, none, none, none, none, 11, none, none, none, none, none, none, none,
		}),
	} {
		if again := scoresOf(t, own, tags, 4); !near(again, found) {
			t.Errorf("%s: got %v, want %v", name, again, found)
		}
	}
	if alone := scoresOf(t, own, Lists([][]int64{{11}}), 1); !near(alone, found[2:3]) {
		t.Errorf("got %v, want %v", alone, found[2:3])
	}
	scoresOf(t, own, Lists(nil), 0)
}

func TestListsThatCannotBeScoredAreRefused(t *testing.T) {
	own := openedLists(t)
	for name, asked := range map[string]struct {
		tags Column
		code servingv1.ErrorCode
		row  int
	}{
		"above":        {Lists([][]int64{{11}, {0, 12}}), servingv1.ErrorCode_ERROR_CODE_ID_OUT_OF_RANGE, 1},
		"below":        {Lists([][]int64{{0, -1, 0}, {}}), servingv1.ErrorCode_ERROR_CODE_ID_OUT_OF_RANGE, 0},
		"padding":      {Lists([][]int64{{99}, {padding}}), servingv1.ErrorCode_ERROR_CODE_VALUE_NOT_ALLOWED, 1},
		"rows":         {Lists([][]int64{{0}}), servingv1.ErrorCode_ERROR_CODE_ROWS_MISMATCH, -1},
		"gap":          {IntegerRows(2, []int64{0, 1, padding, 1}), servingv1.ErrorCode_ERROR_CODE_TYPE_MISMATCH, -1},
		"half a row":   {IntegerRows(2, []int64{0, 1, 2}), servingv1.ErrorCode_ERROR_CODE_TYPE_MISMATCH, -1},
		"no width":     {IntegerRows(0, nil), servingv1.ErrorCode_ERROR_CODE_TYPE_MISMATCH, -1},
		"flat":         {Integers([]int64{0, 1}), servingv1.ErrorCode_ERROR_CODE_TYPE_MISMATCH, -1},
		"of a float32": {FloatRows(1, []float32{0, 1}), servingv1.ErrorCode_ERROR_CODE_TYPE_MISMATCH, -1},
		"too long": {
			Lists(append(make([][]int64, 1<<15), make([]int64, 1<<16))), servingv1.ErrorCode_ERROR_CODE_SCORING_FAILED, -1,
		},
	} {
		_, err := own.Score(taggedRows(own, asked.tags, 2))
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != asked.code || refused.Input != "tags" || refused.Row != asked.row {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestListsAreNoVectors(t *testing.T) {
	own := openedLists(t)
	request := taggedRows(own, Lists([][]int64{{1}}), 1)
	request.Columns["binary"] = Lists([][]int64{{1, 0, 1}})
	_, err := own.Score(request)
	var refused *Error
	if !errors.As(err, &refused) || refused.Code != servingv1.ErrorCode_ERROR_CODE_TYPE_MISMATCH || refused.Input != "binary" {
		t.Errorf("got %v", err)
	}
}

func TestGoldenRowsWithListsAreRead(t *testing.T) {
	own := openedLists(t)
	content, err := os.ReadFile(listsBundle + "/golden.bin")
	if err != nil {
		t.Fatal(err)
	}
	batches, err := goldenBatches(own.manifest, content)
	if err != nil || len(batches) != len(own.manifest.GetGoldenBatches()) {
		t.Fatalf("got %d batches, %v", len(batches), err)
	}
	for _, batch := range batches {
		if tags := batch.inputs[2]; tags.rows() != batch.rows || !isPadded(tags) {
			t.Errorf("%s: got %v", batch.name, tags)
		}
	}
	edge := batches[len(batches)-1].inputs[2]
	if edge.width < 3 || edge.integers[0] != padding || edge.integers[edge.width] == padding {
		t.Errorf("got %v", edge)
	}
}

func TestGoldenListsThatAreNotAsLongAsTheySayAreRefused(t *testing.T) {
	own := openedLists(t)
	content, err := os.ReadFile(listsBundle + "/golden.bin")
	if err != nil {
		t.Fatal(err)
	}
	// Behind the vectors of the first batch is the number of ids of its first list.
	first := int(own.manifest.GetGoldenBatches()[0].GetNumRows()) * (6*4 + 3*8)
	for name, change := range map[string]func([]byte) []byte{
		"below 0":  func(data []byte) []byte { return numbered(data, first, -1) },
		"far away": func(data []byte) []byte { return numbered(data, first, 1<<62) },
		"longer":   func(data []byte) []byte { return numbered(data, first, int64(len(data)/8)) },
		"cut":      func(data []byte) []byte { return data[:len(data)-4] },
		"too much": func(data []byte) []byte { return append(data, 0, 0, 0, 0) },
		"empty":    func([]byte) []byte { return nil },
	} {
		_, err := goldenBatches(own.manifest, change(slices.Clone(content)))
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != servingv1.ErrorCode_ERROR_CODE_GOLDEN_INVALID || refused.Input != "golden.bin" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func numbered(data []byte, start int, number int64) []byte {
	binary.LittleEndian.PutUint64(data[start:], uint64(number))
	return data
}

func TestManifestsThatSayTooMuchOfListsAreRefused(t *testing.T) {
	data, err := os.ReadFile(listsBundle + "/manifest.binpb")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseManifest(data); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*servingv1.BundleManifest, *servingv1.ServedInput){
		"older":  func(m *servingv1.BundleManifest, _ *servingv1.ServedInput) { m.LeastReaderVersion = new(int32(1)) },
		"unread": func(_ *servingv1.BundleManifest, tags *servingv1.ServedInput) { tags.UnreadPositions = []int32{0} },
		"allowed": func(_ *servingv1.BundleManifest, tags *servingv1.ServedInput) {
			tags.AllowedValues = &servingv1.AllowedValues{}
		},
		"floats": func(_ *servingv1.BundleManifest, tags *servingv1.ServedInput) {
			tags.Type = servingv1.ValueType_VALUE_TYPE_FLOAT32.Enum()
		},
		"width": func(_ *servingv1.BundleManifest, tags *servingv1.ServedInput) {
			tags.Width, tags.FeatureNames = new(int32(2)), nil
		},
	} {
		manifest := &servingv1.BundleManifest{}
		if err := proto.Unmarshal(data, manifest); err != nil {
			t.Fatal(err)
		}
		change(manifest, manifest.GetSignature().GetInputs()[2])
		changed, err := proto.Marshal(manifest)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parseManifest(changed)
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != servingv1.ErrorCode_ERROR_CODE_MANIFEST_INVALID {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
