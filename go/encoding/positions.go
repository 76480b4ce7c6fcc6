package encoding

import (
	"fmt"

	datav1 "github.com/rankspec/rankspec/gen/go/rankspec/data/v1"
)

// Positions are the names of what is at each place of a row's vectors, in their order.
type Positions struct {
	// Continuous values: features.
	Continuous []string
	// Binary values: features, and with `.missing` behind it, whether one was missing.
	Binary []string
	// Discrete values: features, and of lists, their places by number.
	Discrete []string
	// Lists of ids that are kept whole: features.
	Lists []string
}

// PositionsOf returns what the vectors of a fitted recipe hold.
func PositionsOf(recipe *datav1.Recipe) Positions {
	var made Positions
	for _, feature := range recipe.GetFeatures() {
		name := feature.GetName()
		switch kind := feature.GetKind().(type) {
		case *datav1.Feature_Number:
			made.Continuous = append(made.Continuous, name)
			made.addMissing(name, kind.Number.GetMissingFlag())
		case *datav1.Feature_Flag:
			made.Binary = append(made.Binary, name)
			made.addMissing(name, kind.Flag.GetMissingFlag())
		case *datav1.Feature_Binned:
			made.Discrete = append(made.Discrete, name)
		case *datav1.Feature_Category:
			made.addIDs(name, kind.Category.GetList())
		case *datav1.Feature_Hashed:
			made.addIDs(name, kind.Hashed.GetList())
		}
	}
	return made
}

func (p *Positions) addMissing(name string, wanted bool) {
	if wanted {
		p.Binary = append(p.Binary, name+".missing")
	}
}

func (p *Positions) addIDs(name string, list *datav1.ListPlaces) {
	switch {
	case list == nil:
		p.Discrete = append(p.Discrete, name)
	case list.Width == nil:
		p.Lists = append(p.Lists, name)
	}
	for place := range list.GetWidth() {
		p.Discrete = append(p.Discrete, fmt.Sprintf("%s.%d", name, place))
	}
}
