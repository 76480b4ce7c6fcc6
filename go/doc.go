// Package rankspec reads, checks and resolves RankSpec configs, identifies them by a fingerprint, and computes their
// learning rates, as every other language's package of RankSpec does.
//
// The messages themselves are generated: see github.com/rankspec/rankspec/gen/go. A config is read from the text format
// ([LoadText], in the portable subset that all languages read alike) or from the binary form ([LoadBinary]); the JSON form
// is not read. Loading replaces variables and fills in what validation sets inherit from the training data. What is loaded
// is valid, or the error is an [*InvalidError] that holds every violation.
//
// The first config of a process waits some ten times as long as later ones, because the rules of its type are compiled
// then. A server calls [Prewarm] with an empty message of the type as it starts.
package rankspec
