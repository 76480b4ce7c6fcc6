package encoding_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	datav1 "github.com/rankspec/rankspec/gen/go/rankspec/data/v1"
	"github.com/rankspec/rankspec/go/encoding"
	"google.golang.org/protobuf/encoding/prototext"
)

const recipeText = `
semantics: 1
columns { name: "price" kind: RAW_KIND_FLOAT64 }
columns { name: "unread" kind: RAW_KIND_TEXT }
columns { name: "shop" kind: RAW_KIND_TEXT }
columns { name: "tags" kind: RAW_KIND_INT64 list: true separator: "|" }
columns { name: "at" kind: RAW_KIND_TIME time_unit_micros: 1000 }
text { missing: "" true_values: "1" false_values: "0" }
features { name: "shop" hashed { column: "shop" num_buckets: 9 } }
features { name: "price" number { column: "price" missing_flag: true fitted { fill: 2 } } }
features { name: "tags" category { column: "tags" list { width: 2 } fitted { values: "7" num_values: 1 } } }
features { name: "at" number { column: "at" fitted {} } }
fitted {}
`

func recipe(t *testing.T, changes ...string) *datav1.Recipe {
	t.Helper()
	found := &datav1.Recipe{}
	if err := prototext.Unmarshal([]byte(strings.NewReplacer(changes...).Replace(recipeText)), found); err != nil {
		t.Fatal(err)
	}
	return found
}

func row(changes encoding.Row) encoding.Row {
	made := encoding.Row{"price": 1.5, "shop": "north", "tags": "7|8", "at": 1}
	for column, value := range changes {
		made[column] = value
	}
	return made
}

func TestTextThatIsNotUTF8IsRefused(t *testing.T) {
	encoder, err := encoding.New(recipe(t), nil)
	if err != nil {
		t.Fatal(err)
	}

	_, err = encoder.Encode([]encoding.Row{row(nil), row(encoding.Row{"shop": "nor\xff"})})

	var refused *encoding.Error
	if !errors.As(err, &refused) || refused.Code != "row.value" || refused.Column != "shop" || refused.Row != 1 {
		t.Errorf("got %v", err)
	}
}

func TestRowsBecomeVectors(t *testing.T) {
	encoder, err := encoding.New(recipe(t), nil)
	if err != nil {
		t.Fatal(err)
	}

	found, err := encoder.Encode([]encoding.Row{row(nil), row(encoding.Row{"price": nil, "shop": nil, "tags": []any{nil, 7}})})

	if err != nil || !slices.Equal(found.Continuous, []float32{1.5, 1000, 2, 1000}) ||
		!slices.Equal(found.Binary, []int64{0, 1}) || !slices.Equal(found.Discrete[1:], []int64{2, 1, 0, 0, 2}) {
		t.Errorf("got %v, %v", found, err)
	}
	if names := encoder.Columns(); !slices.Equal(names, []string{"price", "shop", "tags", "at"}) {
		t.Errorf("got %q", names)
	}
	places := encoding.PositionsOf(recipe(t))
	if !slices.Equal(places.Continuous, []string{"price", "at"}) || !slices.Equal(places.Binary, []string{"price.missing"}) ||
		!slices.Equal(places.Discrete, []string{"shop", "tags.0", "tags.1"}) {
		t.Errorf("got %q", places)
	}
}

func TestOfSeveralErrorsTheFirstColumnsCounts(t *testing.T) {
	encoder, err := encoding.New(recipe(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	absent := row(nil)
	delete(absent, "price")
	for name, asked := range map[string]struct {
		rows []encoding.Row
		code string
		at   string
		row  int
	}{
		"columns": {[]encoding.Row{row(encoding.Row{"at": "x"}), row(encoding.Row{"price": "x"})}, "row.value", "price", 1},
		"type":    {[]encoding.Row{row(encoding.Row{"price": "x"}), row(encoding.Row{"price": true})}, "column.type", "price", -1},
		"absent":  {[]encoding.Row{row(encoding.Row{"price": true}), absent}, "column.absent", "price", -1},
		"first":   {[]encoding.Row{row(nil), row(encoding.Row{"tags": "x"}), row(encoding.Row{"tags": "y"})}, "row.value", "tags", 1},
	} {
		_, err := encoder.Encode(asked.rows)

		var found *encoding.Error
		if !errors.As(err, &found) || found.Code != asked.code || found.Column != asked.at || found.Row != asked.row {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestARecipeThatContradictsItselfIsRefused(t *testing.T) {
	for name, change := range map[string][]string{
		"no buckets":     {"num_buckets: 9", "num_buckets: 0"},
		"no unit":        {"time_unit_micros: 1000", "time_unit_micros: 0"},
		"no separator":   {`"|"`, `""`},
		"no kind":        {"kind: RAW_KIND_FLOAT64", ""},
		"a column twice": {`"unread"`, `"price"`},
		"another kind":   {`number { column: "price"`, `number { column: "shop"`},
		"no such column": {`hashed { column: "shop"`, `hashed { column: "store"`},
		"no list":        {"list { width: 2 }", ""},
		"no kind at all": {`features { name: "at" number { column: "at" fitted {} } }`, `features { name: "at" }`},
	} {
		_, err := encoding.New(recipe(t, change...), nil)

		var found *encoding.Error
		if !errors.As(err, &found) || found.Code != "recipe.damaged" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
