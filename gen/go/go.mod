// The generated Go bindings. `make generate` writes everything below rankspec/; this file is written by hand.
module github.com/rankspec/rankspec/gen/go

go 1.26.0

tool google.golang.org/protobuf/cmd/protoc-gen-go

require (
	buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go v1.36.12-20260825204119-511051f7f437.1
	google.golang.org/protobuf v1.36.12
)
