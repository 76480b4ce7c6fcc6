// Apart from the scorer, whose users get no second binding of ONNX Runtime.
module github.com/rankspec/rankspec/go/scorer/benchmark

go 1.26.0

require (
	github.com/rankspec/rankspec/go/scorer v0.1.0
	github.com/yalue/onnxruntime_go v1.27.0
)

require (
	buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go v1.36.12-20260825204119-511051f7f437.1 // indirect
	github.com/rankspec/rankspec/gen/go v0.1.0 // indirect
	github.com/rankspec/rankspec/go/encoding v0.1.0 // indirect
	golang.org/x/sys v0.50.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)

replace github.com/rankspec/rankspec/gen/go => ../../../gen/go

replace github.com/rankspec/rankspec/go/encoding => ../../encoding

replace github.com/rankspec/rankspec/go/scorer => ..
