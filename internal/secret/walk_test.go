package secret

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type stage string

type declaration struct{ Help string }

type node struct {
	Text    string
	Named   stage
	Raw     []byte
	List    []string
	Array   [2]string
	Map     map[string]string
	Structs map[string]leaf
	Keys    map[leaf]int
	Any     any
	Anys    []any
	Self    *node
	Leaf    leaf
	Leaves  []*leaf
	Shared  *declaration `redact:"-"`
	Number  int
	At      time.Time
	Address netip.AddrPort
	None    *leaf
	private string
}

type leaf struct{ Text string }

func TestWalkReachesEveryText(t *testing.T) {
	t.Parallel()
	const s = "hunter2"
	at, address := time.Unix(1, 0), netip.MustParseAddrPort("192.0.2.1:443")
	tree := func(s string) *node {
		return &node{
			Text: "a " + s, Named: stage(s), Raw: []byte("b " + s), List: []string{"plain", s}, Array: [2]string{s, "x"},
			Map: map[string]string{s + "1": "v", "k": s}, Structs: map[string]leaf{"k": {s}}, Keys: map[leaf]int{{s}: 1},
			Any: leaf{s}, Anys: []any{s, &leaf{s}, map[string]any{"k": s}, []string{s}, 5, nil},
			Leaf: leaf{s}, Leaves: []*leaf{{s}, nil}, Shared: &declaration{Help: "hunter2"}, Number: 7,
			At: at, Address: address, private: "hunter2",
		}
	}
	got, want := tree(s), tree(Mask)
	got.Self = got
	var r Redactor
	r.Walk(got) // knows nothing yet
	if got.Text != "a hunter2" {
		t.Errorf("an empty Redactor changed %q", got.Text)
	}
	r.Add(s)
	r.Walk(got)
	got.Self = nil
	same := cmp.Options{cmp.AllowUnexported(node{}), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })}
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}

func TestWalkEndsOnCycles(t *testing.T) {
	t.Parallel()
	var r Redactor
	r.Add("hunter2")
	m := map[string]any{"text": "hunter2"}
	m["self"] = m
	s := []any{"hunter2", nil}
	s[1] = s
	r.Walk(&m)
	r.Walk(&s)
	if m["text"] != Mask || s[0] != Mask {
		t.Errorf("got %v and %v", m["text"], s[0])
	}
}

func TestWalkNeedsAPointer(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a struct by value was accepted, and nothing of it can be changed")
		}
	}()
	var r Redactor
	r.Add("hunter2")
	r.Walk(leaf{"hunter2"})
}
