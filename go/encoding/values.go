package encoding

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	datav1 "github.com/rankspec/rankspec/gen/go/rankspec/data/v1"
)

var (
	wholeForm   = regexp.MustCompile(`^([+-]?[0-9]+)(?:\.0*)?$`)
	decimalForm = regexp.MustCompile(`^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$`)
	notFinite   = regexp.MustCompile(`^[+-]?(?:[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)$`)
	unitsForm   = regexp.MustCompile(`^[+-]?[0-9]{1,19}$`)
	isoForm     = regexp.MustCompile(`^([0-9]{4})-([0-9]{2})-([0-9]{2})` +
		`(?:[T ]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,9}))?)?` +
		`(Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])?)?$`)
)

// largestWholeDouble is the last up to which every whole number is a double.
const largestWholeDouble = 1 << 53

// A column reads the raw values of one column.
type column struct {
	spec    *datav1.RawColumn
	text    *datav1.TextFormat
	expects string
}

// A verdict says whether a value could be read.
type verdict int

const (
	fine verdict = iota
	wrongValue
	wrongType
)

var expectations = map[datav1.RawKind]string{
	datav1.RawKind_RAW_KIND_TEXT:    "text",
	datav1.RawKind_RAW_KIND_INT64:   "a whole number of 64 bits, such as 42 or -7",
	datav1.RawKind_RAW_KIND_FLOAT64: "a number, such as 1.5, -2 or 3e-4",
	datav1.RawKind_RAW_KIND_BOOL:    "a flag, or one of the recipe's true_values or false_values",
	datav1.RawKind_RAW_KIND_TIME:    "a time such as 2024-05-31T18:30:00Z, or a whole number of the recipe's time_unit_micros",
}

func newColumn(spec *datav1.RawColumn, text *datav1.TextFormat) *column {
	expects := expectations[spec.GetKind()]
	if spec.GetList() {
		expects = "a list, each value " + expects
	}
	return &column{spec, text, expects}
}

// value returns a row's value: nil, string, int64, float64, bool or a []any of such.
func (c *column) value(row Row, number int) (any, *Error) {
	raw, there := row[c.spec.GetName()]
	if !there {
		return nil, failure("column.absent", c.spec.GetName(), "the row has no such column; a missing value is nil")
	}
	value, found := c.read(raw)
	switch found {
	case wrongType:
		return nil, failure("column.type", c.spec.GetName(), "expected %s, and not %T", c.expects, raw)
	case wrongValue:
		return nil, &Error{Code: "row.value", Column: c.spec.GetName(), Row: number, Message: "a value is to be " + c.expects}
	}
	return value, nil
}

// severity orders errors of a column: the least comes first.
var severity = map[string]int{"column.absent": 0, "column.type": 1, "row.value": 2}

// firstError returns what is wrong with the column in rows, or nil.
func (c *column) firstError(rows []Row) *Error {
	var first *Error
	for number, row := range rows {
		_, found := c.value(row, number)
		if found != nil && (first == nil || severity[found.Code] < severity[first.Code]) {
			first = found
		}
	}
	return first
}

func (c *column) read(raw any) (any, verdict) {
	if raw == nil {
		return nil, fine
	}
	if !c.spec.GetList() {
		return c.single(raw)
	}
	items, isList := raw.([]any)
	if text, isText := raw.(string); isText && c.spec.Separator != nil {
		items, isList = c.pieces(text), true
	}
	if !isList {
		return nil, wrongType
	}
	values := make([]any, len(items))
	for place, item := range items {
		var found verdict
		if values[place], found = c.single(item); found != fine {
			return nil, found
		}
	}
	return values, fine
}

func (c *column) pieces(text string) []any {
	if text == "" {
		return nil
	}
	var items []any
	for _, piece := range strings.Split(text, c.spec.GetSeparator()) {
		if slices.Contains(c.text.GetMissing(), piece) {
			items = append(items, nil)
		} else {
			items = append(items, piece)
		}
	}
	return items
}

func (c *column) single(raw any) (any, verdict) {
	switch given := raw.(type) {
	case nil:
		return nil, fine
	case int:
		raw = int64(given)
	case string:
		if !utf8.ValidString(given) {
			return nil, wrongValue
		}
		if c.spec.GetKind() == datav1.RawKind_RAW_KIND_TEXT {
			return given, fine
		}
		if slices.Contains(c.text.GetMissing(), given) {
			return nil, fine
		}
	}
	switch c.spec.GetKind() {
	case datav1.RawKind_RAW_KIND_INT64:
		return whole(raw)
	case datav1.RawKind_RAW_KIND_FLOAT64:
		return c.decimal(raw)
	case datav1.RawKind_RAW_KIND_BOOL:
		return c.flag(raw)
	case datav1.RawKind_RAW_KIND_TIME:
		return c.time(raw)
	}
	return nil, wrongType
}

func whole(raw any) (any, verdict) {
	switch given := raw.(type) {
	case int64:
		return given, fine
	case float64:
		if math.IsNaN(given) || math.IsInf(given, 0) {
			return nil, fine
		}
		if given != math.Trunc(given) || math.Abs(given) > largestWholeDouble {
			return nil, wrongValue
		}
		return int64(given), fine
	case string:
		if match := wholeForm.FindStringSubmatch(given); match != nil {
			if number, err := strconv.ParseInt(match[1], 10, 64); err == nil {
				return number, fine
			}
		}
		return nil, wrongValue
	}
	return nil, wrongType
}

func (c *column) decimal(raw any) (any, verdict) {
	switch given := raw.(type) {
	case int64:
		return float64(given), fine
	case float64:
		return given, fine
	case string:
		if c.text.GetDecimalComma() {
			if strings.Contains(given, ".") {
				return nil, wrongValue
			}
			given = strings.ReplaceAll(given, ",", ".")
		}
		if notFinite.MatchString(given) {
			return math.NaN(), fine
		}
		if !decimalForm.MatchString(given) {
			return nil, wrongValue
		}
		// An error says that it is beyond all doubles: it is infinite then.
		number, _ := strconv.ParseFloat(given, 64)
		return number, fine
	}
	return nil, wrongType
}

func (c *column) flag(raw any) (any, verdict) {
	switch given := raw.(type) {
	case bool:
		return given, fine
	case int64:
		if given == 0 || given == 1 {
			return given == 1, fine
		}
		return nil, wrongValue
	case float64:
		// As for whole numbers: JSON has no others.
		if math.IsNaN(given) || math.IsInf(given, 0) {
			return nil, fine
		}
		if given == 0 || given == 1 {
			return given == 1, fine
		}
		return nil, wrongValue
	case string:
		if slices.Contains(c.text.GetTrueValues(), given) {
			return true, fine
		}
		if slices.Contains(c.text.GetFalseValues(), given) {
			return false, fine
		}
		return nil, wrongValue
	}
	return nil, wrongType
}

func (c *column) time(raw any) (any, verdict) {
	switch given := raw.(type) {
	case int64:
		if !(c.spec.TimeUnitMicros != nil) {
			return nil, wrongType
		}
		return c.units(given)
	case float64:
		if !(c.spec.TimeUnitMicros != nil) {
			return nil, wrongType
		}
		number, found := whole(given)
		if number, there := number.(int64); there {
			return c.units(number)
		}
		return nil, found
	case string:
		if !unitsForm.MatchString(given) {
			return c.iso(given)
		}
		number, err := strconv.ParseInt(given, 10, 64)
		if err != nil || !(c.spec.TimeUnitMicros != nil) {
			return nil, wrongValue
		}
		return c.units(number)
	}
	return nil, wrongType
}

func (c *column) units(number int64) (any, verdict) {
	unit := c.spec.GetTimeUnitMicros()
	if number > math.MaxInt64/unit || number < math.MinInt64/unit {
		return nil, wrongValue
	}
	return number * unit, fine
}

func (c *column) iso(text string) (any, verdict) {
	match := isoForm.FindStringSubmatch(text)
	if match == nil {
		return nil, wrongValue
	}
	year, month, day := digits(match[1]), digits(match[2]), digits(match[3])
	at := time.Date(year, time.Month(month), day, digits(match[4]), digits(match[5]), digits(match[6]), 0, time.UTC)
	// A day that the month has not becomes one of the next.
	if year < 1 || at.Month() != time.Month(month) || at.Day() != day {
		return nil, wrongValue
	}
	micros := at.Unix()*1_000_000 + int64(digits((match[7] + "000000")[:6]))
	offset := match[8]
	switch {
	case offset == "Z":
		return micros, fine
	case offset == "":
		return c.fromLocal(micros)
	}
	minutes := int64(digits(offset[1:3])*60 + digits(offset[len(offset)-2:]))
	if offset[0] == '-' {
		minutes = -minutes
	}
	return micros - minutes*60_000_000, fine
}

func (c *column) fromLocal(micros int64) (any, verdict) {
	offsets := c.spec.GetTimeZone().GetOffsets()
	if len(offsets) == 0 {
		return nil, wrongValue
	}
	offset := offsets[0]
	for _, later := range offsets[1:] {
		if later.GetLocalMicros() > micros {
			break
		}
		offset = later
	}
	return micros - int64(offset.GetOffsetSeconds())*1_000_000, fine
}

// digits returns the number that a text of digits is; 0 for none.
func digits(text string) int {
	number, _ := strconv.Atoi(text)
	return number
}
