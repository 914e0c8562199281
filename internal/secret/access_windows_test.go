package secret

import (
	"testing"

	"golang.org/x/sys/windows"
)

// TestAccessLists: who may read by access lists such as icacls makes, in SDDL: WD is Everyone, AU Authenticated Users, BU Users, BA
// Administrators, SY the system.
func TestAccessLists(t *testing.T) {
	for name, test := range map[string]struct{ list, want string }{
		"everyone":                          {"D:P(A;;FA;;;BA)(A;;FR;;;WD)", "Everyone"},
		"whoever has logged on":             {"D:P(A;;FA;;;BA)(A;;GR;;;AU)", "Authenticated Users"},
		"users":                             {"D:P(A;;FA;;;SY)(A;;FRFX;;;BU)", "Users"},
		"administrators and the system":     {"D:P(A;;FA;;;BA)(A;;FA;;;SY)", ""},
		"everyone may write only":           {"D:P(A;;FA;;;BA)(A;;0x2;;;WD)", ""},
		"only what is made below it":        {"D:P(A;;FA;;;BA)(A;OICIIO;FA;;;WD)", ""},
		"denied to users, then permitted":   {"D:P(D;;FR;;;BU)(A;;FA;;;BA)(A;;FR;;;BU)", ""},
		"a denial of writing denies no one": {"D:P(D;;0x2;;;BU)(A;;FA;;;BA)(A;;FR;;;BU)", "Users"},
		"an empty list":                     {"D:P", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := readers(accessList(t, test.list)); got != test.want {
				t.Errorf("by %s read %q, want %q", test.list, got, test.want)
			}
		})
	}
	if got := readers(nil); got != "Everyone" {
		t.Errorf("without a list read %q, want Everyone", got)
	}
}

func accessList(t *testing.T, sddl string) *windows.ACL {
	t.Helper()
	descriptor, err := windows.SecurityDescriptorFromString(sddl)
	check(t, err)
	list, _, err := descriptor.DACL()
	check(t, err)
	return list
}
