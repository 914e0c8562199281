package advice_test

import (
	"slices"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/advice"
)

// TestOf: shared advice speaks of what a prober asks, leaves its servers to who runs them, and looks where they write.
func TestOf(t *testing.T) {
	t.Parallel()
	shared := advice.Book{
		{Key: "paths", Then: "Let {paths} pass.", Owners: []advice.Owner{advice.Middlebox, advice.IIS}, Places: advice.Places{{Product: "kemp", Setting: "check on {health}"}}},
		{Key: "setting", On: "on SERVER", First: `appcmd list config "{app}"`, Owners: []advice.Owner{advice.IIS, advice.Windows}, Separates: "If enabled is true: that."},
	}
	gateway := shared.Of(advice.Service{Owner: advice.Windows, Paths: "/gate/", Look: "Get-WinEvent Gate"})
	if got := gateway[0]; got.Then != "Let /gate/ pass." || !slices.Equal(got.Owners, []advice.Owner{advice.Middlebox, advice.Windows}) || got.Places[0].Setting == "check on {health}" {
		t.Errorf("%+v", got)
	}
	if got := gateway[1]; got.First != "Get-WinEvent Gate" || got.Separates == "If enabled is true: that." || !slices.Equal(got.Owners, []advice.Owner{advice.Windows}) || got.Certainty != advice.Likely {
		t.Errorf("%+v", got)
	}
	if got := shared.Of(advice.EWS); got[1].First != `appcmd list config "Default Web Site/EWS"` || got[0].Then != "Let /EWS and /Autodiscover pass." || len(got[1].Owners) != 2 {
		t.Errorf("%+v", got)
	}
	if shared[0].Then != "Let {paths} pass." || shared[0].Places[0].Setting != "check on {health}" {
		t.Errorf("the shared book itself was changed: %+v", shared[0])
	}
}
