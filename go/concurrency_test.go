package rankspec_test

import (
	"os"
	"sync"
	"testing"

	recapv1 "github.com/rankspec/rankspec/gen/go/rankspec/recap/v1"
	rankspec "github.com/rankspec/rankspec/go"
	"google.golang.org/protobuf/proto"
)

// `go test -race` is what makes this strict.
func TestGoroutinesMayShareAConfigThatNobodyChanges(t *testing.T) {
	text, err := os.ReadFile("../configs/recap/tiny.textproto")
	if err != nil {
		t.Fatal(err)
	}
	options := rankspec.Options{Variables: rankspec.Environment()}
	shared := &recapv1.RecapConfig{}
	if err := rankspec.LoadText(text, shared, options); err != nil {
		t.Fatal(err)
	}
	want, err := rankspec.Fingerprint(shared)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			own := &recapv1.RecapConfig{}
			for _, err := range []error{
				rankspec.Prewarm(shared), rankspec.Validate(shared), rankspec.LoadText(text, own, options),
			} {
				if err != nil {
					t.Error(err)
				}
			}
			got, err := rankspec.Fingerprint(shared)
			if err != nil || got != want {
				t.Errorf("got %v, %v", got, err)
			}
			resolved, err := rankspec.Resolve(shared)
			if err != nil || resolved.GetTraining().NumTrainSteps == nil || !proto.Equal(own, shared) {
				t.Errorf("got %v, %v", resolved, err)
			}
		})
	}
	group.Wait()
}
