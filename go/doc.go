// Package rankspec reads and checks RankSpec configurations.
//
// The messages themselves are generated: see github.com/rankspec/rankspec/gen/go.
package rankspec
