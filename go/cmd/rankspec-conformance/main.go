// Command rankspec-conformance decides conformance cases: requests on its standard input, responses on its standard
// output. See tests/conformance/README.md.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	conformancev1 "github.com/rankspec/rankspec/gen/go/conformance/v1"
	rankspec "github.com/rankspec/rankspec/go"
	_ "github.com/rankspec/rankspec/go/internal/bindings" // requests name messages of every area
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"
)

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rankspec-conformance:", err)
		os.Exit(1)
	}
}

// serve answers until the requests end.
func serve(in io.Reader, out io.Writer) error {
	reader, writer := bufio.NewReader(in), bufio.NewWriter(out)
	options := protodelim.UnmarshalOptions{MaxSize: -1}
	for {
		request := &conformancev1.Request{}
		switch err := options.UnmarshalFrom(reader, request); {
		case errors.Is(err, io.EOF):
			return writer.Flush()
		case err != nil:
			return err
		}
		if _, err := protodelim.MarshalTo(writer, answer(request)); err != nil {
			return err
		}
		// An asker may wait for this answer before it goes on.
		if reader.Buffered() == 0 {
			if err := writer.Flush(); err != nil {
				return err
			}
		}
	}
}

func answer(request *conformancev1.Request) *conformancev1.Response {
	if question := request.GetLearningRateAt(); question != nil {
		rate, err := rankspec.LearningRateAt(question.GetSchedule(), question.GetStep())
		if err != nil {
			return failure(err)
		}
		return &conformancev1.Response{Result: &conformancev1.Response_LearningRate{LearningRate: rate}}
	}
	if task := request.GetEncode(); task != nil {
		return encode(task)
	}
	return load(request.GetLoad())
}

func failure(err error) *conformancev1.Response {
	return &conformancev1.Response{Result: &conformancev1.Response_Failure{Failure: err.Error()}}
}

func load(task *conformancev1.Load) *conformancev1.Response {
	config, err := rankspec.NewMessage(task.GetMessage())
	if err != nil {
		return failure(err)
	}
	options := rankspec.Options{Variables: map[string]string{}}
	for name, value := range task.GetVariables() {
		options.Variables[name] = string(value)
	}
	switch source := task.GetSource().(type) {
	case *conformancev1.Load_Text:
		err = rankspec.LoadText(source.Text, config, options)
	case *conformancev1.Load_Binary:
		err = rankspec.LoadBinary(source.Binary, config, options)
	default:
		const why = "the JSON form is not read; convert it with `rankspec resolve`"
		return &conformancev1.Response{Result: &conformancev1.Response_Unsupported{Unsupported: why}}
	}
	var found *rankspec.InvalidError
	switch {
	case errors.As(err, &found):
		return refusal(found)
	case err != nil:
		return failure(err)
	}
	return identify(config)
}

func identify(config proto.Message) *conformancev1.Response {
	form, err := rankspec.CanonicalForm(config, rankspec.FullPart)
	if err != nil {
		return failure(err)
	}
	identity, err := rankspec.Fingerprint(config)
	if err != nil {
		return failure(err)
	}
	return &conformancev1.Response{Result: &conformancev1.Response_Config{Config: &conformancev1.Config{
		Form:     &form,
		Semantic: &identity.Semantic,
		Full:     &identity.Full,
	}}}
}

func refusal(found *rankspec.InvalidError) *conformancev1.Response {
	refusal := &conformancev1.Refusal{}
	for _, violation := range found.Violations {
		refusal.Violations = append(refusal.Violations, &conformancev1.Violation{
			Path:   &violation.Path,
			Code:   &violation.Code,
			Line:   proto.Uint32(uint32(violation.Line)),
			Column: proto.Uint32(uint32(violation.Column)),
		})
	}
	return &conformancev1.Response{Result: &conformancev1.Response_Refusal{Refusal: refusal}}
}
