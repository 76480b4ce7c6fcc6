package encoding

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strconv"

	datav1 "github.com/rankspec/rankspec/gen/go/rankspec/data/v1"
)

// float32End is half a unit above the largest float32: from here on, rounding gives infinity.
var float32End = math.Ldexp(1, 128) - math.Ldexp(1, 103)

// finite returns a value as a number whose float32 is finite.
func finite(value any) (float64, bool) {
	var number float64
	switch value := value.(type) {
	case float64:
		number = value
	case int64:
		number = float64(value)
	default:
		return 0, false
	}
	// False for NaN too.
	return number, math.Abs(number) < float32End
}

func number(spec *datav1.NumberFeature) func(any, *Encoded) {
	fitted := spec.GetFitted()
	if fitted == nil {
		return nil
	}
	fill, low, high, mean, scale := fitted.GetFill(), fitted.GetLow(), fitted.GetHigh(), fitted.GetMean(), fitted.GetInverseDeviation()
	return func(value any, into *Encoded) {
		x, there := finite(value)
		if !there {
			x = fill
		}
		if x < low {
			x = low
		}
		if x > high {
			x = high
		}
		// One zero of the two.
		if x == 0 {
			x = 0
		}
		if spec.GetStandardize() {
			distance := x - mean
			x = distance * scale
		}
		if x > math.MaxFloat32 {
			x = math.MaxFloat32
		}
		if x < -math.MaxFloat32 {
			x = -math.MaxFloat32
		}
		into.Continuous = append(into.Continuous, float32(x))
		if spec.GetMissingFlag() {
			into.Binary = append(into.Binary, bit(!there))
		}
	}
}

func binned(spec *datav1.BinnedFeature) func(any, *Encoded) {
	if spec.GetFitted() == nil {
		return nil
	}
	edges := slices.Sorted(slices.Values(spec.GetFitted().GetEdges()))
	return func(value any, into *Encoded) {
		id := int64(missing)
		if x, there := finite(value); there {
			below, _ := slices.BinarySearch(edges, x)
			id = 1 + int64(below)
		}
		into.Discrete = append(into.Discrete, id)
	}
}

func flag(spec *datav1.FlagFeature) func(any, *Encoded) {
	return func(value any, into *Encoded) {
		into.Binary = append(into.Binary, bit(value == true))
		if spec.GetMissingFlag() {
			into.Binary = append(into.Binary, bit(value == nil))
		}
	}
}

func category(feature string, spec *datav1.CategoryFeature, files map[string][]byte) (func(any, *Encoded), error) {
	if spec.GetFitted() == nil {
		return nil, nil
	}
	ids, err := vocabulary(spec, files)
	if err != nil {
		return nil, err
	}
	return byValue(feature, spec.GetList(), func(text string) int64 {
		if id, seen := ids[text]; seen {
			return id
		}
		return unseen
	}), nil
}

func hashed(feature string, spec *datav1.HashedFeature) func(any, *Encoded) {
	prefix, buckets := spec.GetSalt()+"/", uint64(spec.GetNumBuckets())
	return byValue(feature, spec.GetList(), func(text string) int64 {
		sum := sha256.Sum256([]byte(prefix + text))
		return 1 + int64(binary.BigEndian.Uint64(sum[:8])%buckets)
	})
}

// byValue encodes a value, or those of a list, by an id of each text.
func byValue(feature string, list *datav1.ListPlaces, id func(string) int64) func(any, *Encoded) {
	if list == nil {
		return func(value any, into *Encoded) { into.Discrete = append(into.Discrete, idOf(value, id)) }
	}
	if list.Width == nil {
		return func(value any, into *Encoded) {
			items, _ := value.([]any)
			lists := into.Lists[feature]
			lists.Lengths = append(lists.Lengths, int64(len(items)))
			for _, item := range items {
				lists.Values = append(lists.Values, idOf(item, id))
			}
		}
	}
	return func(value any, into *Encoded) {
		items, _ := value.([]any)
		for place := range int(list.GetWidth()) {
			var item any
			if place < len(items) {
				item = items[place]
			}
			into.Discrete = append(into.Discrete, idOf(item, id))
		}
	}
}

func idOf(value any, id func(string) int64) int64 {
	switch value := value.(type) {
	case string:
		return id(value)
	case int64:
		return id(strconv.FormatInt(value, 10))
	case bool:
		return id(strconv.FormatBool(value))
	}
	return missing
}

func bit(is bool) int64 {
	if is {
		return 1
	}
	return 0
}
