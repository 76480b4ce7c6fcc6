// Package scorer scores rows as a trained model does, from a bundle: a folder that `rankspec export` wrote.
//
// [Open] is where to begin. A bundle is opened as a stranger's: every byte that is used of it is one that its manifest
// vouches for, and the model has to give the golden rows' outputs before it scores anything else. docs/serving.md has the
// format, the order of the checks and what is guaranteed; the Python, Java and TypeScript packages give the same verdicts.
//
// The work is done by ONNX Runtime, whose shared library (1.17 or later) has to be on the machine: see [Options].
package scorer
