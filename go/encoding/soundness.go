package encoding

import (
	"slices"

	datav1 "github.com/rankspec/rankspec/gen/go/rankspec/data/v1"
)

// Kinds of columns that features read.
var (
	kindsOfNumbers = []datav1.RawKind{
		datav1.RawKind_RAW_KIND_INT64, datav1.RawKind_RAW_KIND_FLOAT64, datav1.RawKind_RAW_KIND_TIME,
	}
	kindsOfIDs   = []datav1.RawKind{datav1.RawKind_RAW_KIND_TEXT, datav1.RawKind_RAW_KIND_INT64, datav1.RawKind_RAW_KIND_BOOL}
	kindsOfFlags = []datav1.RawKind{datav1.RawKind_RAW_KIND_BOOL}
)

// maxPlaces is how many places rules allow a list.
const maxPlaces = 1024

// checkSoundness returns an error if a recipe contradicts itself: rules refuse that in a recipe that is written, and nobody
// has checked one that is found.
func checkSoundness(recipe *datav1.Recipe) error {
	columns := map[string]*datav1.RawColumn{}
	for _, column := range recipe.GetColumns() {
		if problem := problemOf(column, columns); problem != "" {
			return failure("recipe.damaged", column.GetName(), "%s", problem)
		}
		columns[column.GetName()] = column
	}
	for _, feature := range recipe.GetFeatures() {
		name, kinds, list := readBy(feature)
		column, listed := columns[name]
		if !listed || column.GetList() != (list != nil) || !slices.Contains(kinds, column.GetKind()) {
			return failure("recipe.damaged", name, "the recipe lists no column that %s could read", feature.GetName())
		}
		if list != nil && !isWhole(recipe, list) && (list.GetWidth() < 1 || list.GetWidth() > maxPlaces) {
			return failure("recipe.damaged", name, "the recipe gives %s %d places, not 1 to %d", feature.GetName(), list.GetWidth(), maxPlaces)
		}
		if hashed := feature.GetHashed(); hashed != nil && hashed.GetNumBuckets() < 1 {
			return failure("recipe.damaged", name, "the recipe has no buckets for %s", feature.GetName())
		}
	}
	return nil
}

// isWhole reports whether a list has no width, which means from semantics 2 on that all its values are kept.
func isWhole(recipe *datav1.Recipe, list *datav1.ListPlaces) bool {
	return list.Width == nil && recipe.GetSemantics() >= 2
}

// problemOf returns what is wrong with a column that stands behind others, or nothing.
func problemOf(column *datav1.RawColumn, before map[string]*datav1.RawColumn) string {
	switch {
	case before[column.GetName()] != nil:
		return "the recipe lists the column twice"
	case column.GetKind() == datav1.RawKind_RAW_KIND_UNSPECIFIED:
		return "the recipe does not say what the column holds"
	case column.Separator != nil && column.GetSeparator() == "":
		return "the recipe separates values by nothing"
	case column.TimeUnitMicros != nil && column.GetTimeUnitMicros() < 1:
		return "the recipe's time_unit_micros is no unit of time"
	}
	return ""
}

// readBy returns the name of the column that a feature reads, the kinds that it may be of, and its places if it is one of
// lists; no kinds if the feature is of none itself.
func readBy(feature *datav1.Feature) (name string, kinds []datav1.RawKind, list *datav1.ListPlaces) {
	switch kind := feature.GetKind().(type) {
	case *datav1.Feature_Number:
		return kind.Number.GetColumn(), kindsOfNumbers, nil
	case *datav1.Feature_Binned:
		return kind.Binned.GetColumn(), kindsOfNumbers, nil
	case *datav1.Feature_Category:
		return kind.Category.GetColumn(), kindsOfIDs, kind.Category.GetList()
	case *datav1.Feature_Hashed:
		return kind.Hashed.GetColumn(), kindsOfIDs, kind.Hashed.GetList()
	case *datav1.Feature_Flag:
		return kind.Flag.GetColumn(), kindsOfFlags, nil
	}
	return "", nil, nil
}
