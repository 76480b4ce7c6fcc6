package scorer

import (
	"sync"

	servingv1 "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
)

// ScoreName is what the combined score is called beside the tasks' outputs; no task of a config with weights has the name.
const ScoreName = "score"

// Options say how a bundle is opened; the zero value is fine.
type Options struct {
	// ExpectDigest is what the SHA-256 of the manifest has to be, in hexadecimal; nil takes any.
	ExpectDigest *string
	// Threads for the work inside one request; 0 takes as many as the container may use.
	Threads int
	// MaxBytes is what all files together may have; 0 takes up to 64 GiB.
	MaxBytes int64
	// Library is the file of ONNX Runtime's shared library. Empty: what the environment variable ONNXRUNTIME_LIBRARY
	// says, or libonnxruntime as the system finds it. A process uses the first one that it loads.
	Library string
}

// A Scorer scores rows with one bundle. Any number of goroutines may use it at once.
type Scorer struct {
	manifest         *servingv1.BundleManifest
	digest           string
	placement        *placement
	weighted         []weight
	goldenDifference float64
	raw              rawRows

	// Held for reading while rows are scored, so that Close waits.
	mutex   sync.RWMutex
	bundle  *bundle
	session *session
}

// weight is what an output counts in the combined score.
type weight struct {
	task   int
	weight float64
}

// Scores are what the rows of a request came to.
type Scores struct {
	// Name of the task, or [ScoreName].
	Name string
	// Values has one for each row.
	Values []float32
}

// Open opens a bundle that may be a stranger's. Its error is an [*Error] with a code from NO_BUNDLE to GOLDEN_MISMATCH, or
// another one if ONNX Runtime itself cannot be loaded.
func Open(folder string, options Options) (*Scorer, error) {
	if err := loadRuntime(options.Library); err != nil {
		return nil, err
	}
	if options.MaxBytes == 0 {
		options.MaxBytes = maxBundleBytes
	}
	if options.Threads < 1 {
		options.Threads = availableThreads("/sys/fs/cgroup")
	}
	read, err := readBundle(folder, options.ExpectDigest, options.MaxBytes)
	if err != nil {
		return nil, err
	}
	opened := &Scorer{manifest: read.manifest, digest: read.digest, bundle: read}
	opened.placement = newPlacement(read.manifest.GetSignature())
	opened.weighted = weights(read.manifest)
	if opened.session, err = startSession(read, options.Threads); err != nil {
		read.release()
		return nil, err
	}
	if err := opened.checkGoldenRows(); err != nil {
		opened.Close()
		return nil, err
	}
	return opened, nil
}

// weights returns the weights of outputs in the order of the UTF-8 bytes of their names.
func weights(manifest *servingv1.BundleManifest) []weight {
	var found []weight
	for task, output := range manifest.GetOutputs() {
		if value, given := manifest.GetScoreWeights()[output.GetName()]; given {
			found = append(found, weight{task, value})
		}
	}
	return found
}

// Manifest returns the bundle's manifest; it is not to be changed.
func (s *Scorer) Manifest() *servingv1.BundleManifest {
	return s.manifest
}

// Digest returns the SHA-256 of the manifest's file, in hexadecimal: the bundle's identity.
func (s *Scorer) Digest() string {
	return s.digest
}

// SignatureHash returns what has to come with whole vectors.
func (s *Scorer) SignatureHash() string {
	return s.manifest.GetSignature().GetHash()
}

// GoldenDifference returns the largest difference of the golden rows' outputs from what is expected.
func (s *Scorer) GoldenDifference() float64 {
	return s.goldenDifference
}

// Score scores rows. It returns the scores of each task, in the manifest's order, and then those called [ScoreName] if the
// bundle has weights; or an [*Error] with one of the codes from CLOSED on.
func (s *Scorer) Score(request Request) ([]Scores, error) {
	inputs, rows, err := s.placement.placed(request)
	if err != nil {
		return nil, err
	}
	outputs, err := s.run(inputs, rows)
	if err != nil {
		return nil, err
	}
	tasks := s.manifest.GetOutputs()
	scores := make([]Scores, 0, len(tasks)+1)
	for task, output := range tasks {
		values := make([]float32, rows)
		for row := range values {
			values[row] = outputs[row*len(tasks)+task]
		}
		scores = append(scores, Scores{output.GetName(), values})
	}
	if len(s.weighted) > 0 {
		scores = append(scores, Scores{ScoreName, s.combined(outputs, rows)})
	}
	return scores, nil
}

// combined returns the sum of weight times output for each row, computed in double and rounded to float32.
func (s *Scorer) combined(outputs []float32, rows int) []float32 {
	tasks := len(s.manifest.GetOutputs())
	values := make([]float32, rows)
	for row := range values {
		var total float64
		for place, weight := range s.weighted {
			// The conversion keeps product and sum apart on processors that can do both at once.
			product := float64(weight.weight * float64(outputs[row*tasks+weight.task]))
			if place == 0 {
				total = product
			} else {
				total += product
			}
		}
		values[row] = float32(total)
	}
	return values
}

// run returns the model's outputs, a row after the other.
func (s *Scorer) run(inputs []Column, rows int) ([]float32, error) {
	s.mutex.RLock()
	defer s.mutex.RUnlock()
	if s.session == nil {
		return nil, closed()
	}
	outputs, err := s.session.run(inputs, rows)
	if err != nil {
		failed := refused(servingv1.ErrorCode_ERROR_CODE_SCORING_FAILED, "", "ONNX Runtime to score the rows")
		failed.Err = err
		return nil, failed
	}
	return outputs, nil
}

func closed() error {
	return refused(servingv1.ErrorCode_ERROR_CODE_CLOSED, "", "a scorer that is open")
}

func (s *Scorer) checkGoldenRows() error {
	batches, err := goldenBatches(s.manifest, s.bundle.contents[s.manifest.GetGoldenFile()])
	if err != nil {
		return err
	}
	tolerance := s.manifest.GetTolerance().GetAtOpening()
	for _, batch := range batches {
		outputs, err := s.run(batch.inputs, batch.rows)
		if err != nil {
			return err
		}
		s.goldenDifference = max(s.goldenDifference, difference(outputs, batch.outputs))
		if s.goldenDifference > tolerance {
			return refused(servingv1.ErrorCode_ERROR_CODE_GOLDEN_MISMATCH, batch.name,
				"outputs within %g of the expected ones", tolerance)
		}
	}
	return nil
}

// Close waits for the requests under way, and lets go of model and files. Closing twice is no error.
func (s *Scorer) Close() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.session == nil {
		return
	}
	s.session.release()
	s.bundle.release()
	s.session, s.bundle = nil, nil
}
