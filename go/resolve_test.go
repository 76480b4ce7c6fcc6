package rankspec_test

import (
	"strings"
	"testing"

	optimv1 "github.com/rankspec/rankspec/gen/go/rankspec/optim/v1"
	optionsv1 "github.com/rankspec/rankspec/gen/go/rankspec/options/v1"
	recapv1 "github.com/rankspec/rankspec/gen/go/rankspec/recap/v1"
	rankspec "github.com/rankspec/rankspec/go"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

func TestResolvingFillsDefaultsAndLeavesTheConfigAlone(t *testing.T) {
	config := &optimv1.OptimizerConfig{Optimizer: &optimv1.OptimizerConfig_Adam{Adam: &optimv1.AdamConfig{Lr: new(0.1)}}}
	before := proto.CloneOf(config)

	resolved := resolve(t, config)

	if adam := resolved.GetAdam(); adam.Eps == nil || len(adam.GetBetas()) != 2 || adam.WeightDecay == nil {
		t.Errorf("got %v", adam)
	}
	if !proto.Equal(config, before) || !proto.Equal(resolve(t, resolved), resolved) {
		t.Error("resolving changed the config, or what was resolved")
	}
}

func TestNilPointerIsResolvedAsTheEmptyMessageThatItIs(t *testing.T) {
	resolved := resolve[*recapv1.RecapConfig](t, nil)

	if !proto.Equal(resolved, resolve(t, &recapv1.RecapConfig{})) || resolved.Training.NumTrainSteps == nil {
		t.Errorf("got %v", resolved)
	}
}

func TestDefaultThatTheSchemaGetsWrongIsAnError(t *testing.T) {
	config := messageWithDefaultItem(t, "many")
	_, resolveErr := rankspec.Resolve(config)
	sizes := config.Descriptor().Fields().ByName("sizes")
	config.Mutable(sizes).List().Append(protoreflect.ValueOfInt32(1))
	_, formErr := rankspec.CanonicalForm(config, rankspec.FullPart)
	_, fingerprintErr := rankspec.Fingerprint(config)

	for _, err := range []error{resolveErr, formErr, fingerprintErr} {
		if err == nil || !strings.Contains(err.Error(), `default "many" of test.Config.sizes`) {
			t.Errorf("got %v", err)
		}
	}
}

func resolve[M proto.Message](t *testing.T, config M) M {
	t.Helper()
	resolved, err := rankspec.Resolve(config)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

// messageWithDefaultItem returns an empty message of a schema of its own: a list of whole numbers with a default item.
func messageWithDefaultItem(t *testing.T, item string) *dynamicpb.Message {
	t.Helper()
	options := &descriptorpb.FieldOptions{}
	proto.SetExtension(options, optionsv1.E_DefaultItems, []string{item})
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name:    proto.String("test.proto"),
		Package: proto.String("test"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: proto.String("Config"),
			Field: []*descriptorpb.FieldDescriptorProto{{
				Name:    proto.String("sizes"),
				Number:  proto.Int32(1),
				Label:   descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum(),
				Type:    descriptorpb.FieldDescriptorProto_TYPE_INT32.Enum(),
				Options: options,
			}},
		}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return dynamicpb.NewMessage(file.Messages().Get(0))
}
