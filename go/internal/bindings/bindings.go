// Package bindings links the generated messages of every area into a program that is asked for them by name.
package bindings

import (
	_ "github.com/rankspec/rankspec/gen/go/rankspec/data/v1"
	_ "github.com/rankspec/rankspec/gen/go/rankspec/embedding/v1"
	_ "github.com/rankspec/rankspec/gen/go/rankspec/optim/v1"
	_ "github.com/rankspec/rankspec/gen/go/rankspec/options/v1"
	_ "github.com/rankspec/rankspec/gen/go/rankspec/recap/v1"
	_ "github.com/rankspec/rankspec/gen/go/rankspec/serving/v1"
	_ "github.com/rankspec/rankspec/gen/go/rankspec/train/v1"
	_ "github.com/rankspec/rankspec/gen/go/rankspec/twhin/v1"
)
