module github.com/rankspec/rankspec/go/scorer

go 1.26.0

require (
	github.com/rankspec/rankspec/gen/go v0.1.0
	github.com/rankspec/rankspec/go/encoding v0.1.0
	golang.org/x/sys v0.50.0
	google.golang.org/protobuf v1.36.12
)

require buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go v1.36.12-20260825204119-511051f7f437.1 // indirect

// The bindings and the encoding are modules of their own, released under the same version; here they are the ones beside us.
replace github.com/rankspec/rankspec/gen/go => ../../gen/go

replace github.com/rankspec/rankspec/go/encoding => ../encoding
