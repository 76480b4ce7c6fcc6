// Package rankspec reads, checks and resolves RankSpec configs, identifies them by a fingerprint, and computes their
// learning rates, as every other language's package of RankSpec does.
//
// The messages themselves are generated: see github.com/rankspec/rankspec/gen/go. A program imports those of the configs
// that it reads, and links no others. A config is read from a file of a known type ([Load]) or of any ([LoadFile]), from the
// text format ([LoadText], in the portable subset that all languages read alike) or from the binary form ([LoadBinary]); the
// JSON form is not read. Loading replaces variables and fills in what validation sets inherit from the training data. What
// is loaded is valid, or the error is an [*InvalidError] that holds every violation.
//
// The first config of a process waits some ten times as long as later ones, because the rules of its type are compiled
// then. A server calls [Prewarm] with an empty message of the type as it starts.
//
// # Concurrency
//
// Every function may be called by several goroutines at the same time. They may share a config, options and an error as
// long as none of them changes it: of the functions here only [LoadText] and [LoadBinary] change the config that they are
// given, and none changes variables. There is no state but the compiled rules, which guard themselves.
package rankspec
