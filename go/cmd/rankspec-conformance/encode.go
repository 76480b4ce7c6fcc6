package main

import (
	"errors"
	"maps"
	"math"
	"slices"

	conformancev1 "github.com/rankspec/rankspec/gen/go/conformance/v1"
	"github.com/rankspec/rankspec/go/encoding"
)

func encode(task *conformancev1.Encode) *conformancev1.Response {
	encoder, err := encoding.New(task.GetRecipe(), task.GetVocabularies())
	if err != nil {
		return refusedRows(err)
	}
	rows := make([]encoding.Row, len(task.GetRows()))
	for number, raw := range task.GetRows() {
		rows[number] = encoding.Row{}
		for place, name := range task.GetColumns() {
			rows[number][name] = valueOf(raw.GetValues()[place])
		}
	}
	encoded, err := encoder.Encode(rows)
	if err != nil {
		return refusedRows(err)
	}
	found := &conformancev1.Encoded{Binary: encoded.Binary, Discrete: encoded.Discrete}
	for _, name := range slices.Sorted(maps.Keys(encoded.Lists)) {
		lists := encoded.Lists[name]
		found.Lists = append(found.Lists, &conformancev1.EncodedLists{Name: &name, Lengths: lists.Lengths, Values: lists.Values})
	}
	for _, value := range encoded.Continuous {
		found.Continuous = append(found.Continuous, math.Float32bits(value))
	}
	return &conformancev1.Response{Result: &conformancev1.Response_Encoded{Encoded: found}}
}

func refusedRows(err error) *conformancev1.Response {
	var found *encoding.Error
	if !errors.As(err, &found) {
		return failure(err)
	}
	refusal := &conformancev1.EncodingRefusal{Code: &found.Code, Column: &found.Column}
	if found.Row >= 0 {
		row := int64(found.Row)
		refusal.Row = &row
	}
	return &conformancev1.Response{Result: &conformancev1.Response_EncodingRefusal{EncodingRefusal: refusal}}
}

func valueOf(raw *conformancev1.RawValue) any {
	switch value := raw.GetValue().(type) {
	case *conformancev1.RawValue_Text:
		return value.Text
	case *conformancev1.RawValue_Whole:
		return value.Whole
	case *conformancev1.RawValue_Number:
		return value.Number
	case *conformancev1.RawValue_Flag:
		return value.Flag
	case *conformancev1.RawValue_List:
		items := make([]any, len(value.List.GetValues()))
		for place, item := range value.List.GetValues() {
			items[place] = valueOf(item)
		}
		return items
	}
	return nil
}
