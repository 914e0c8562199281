package secret

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// everybody are the groups in which everyone is who may log on to a machine, and what people call them.
var everybody = []struct {
	kind windows.WELL_KNOWN_SID_TYPE
	name string
}{
	{windows.WinWorldSid, "Everyone"},
	{windows.WinAuthenticatedUserSid, "Authenticated Users"},
	{windows.WinBuiltinUsersSid, "Users"},
}

// openToAll says it where everybody on the machine may read a file.
func openToAll(path string) []string {
	descriptor, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return nil
	}
	list, _, err := descriptor.DACL()
	if err != nil {
		return nil
	}
	group := readers(list)
	if group == "" {
		return nil
	}
	return []string{fmt.Sprintf("the file can be read by everybody on this machine (%s); icacls FILE /inheritance:r /grant:r *S-1-5-32-544:F \"NT SERVICE\\ews_exporter:R\" takes that away from all but administrators and the service", group)}
}

// readers is the first group of everybody that an access list lets read; "" for none.
func readers(list *windows.ACL) string {
	for _, group := range everybody {
		if sid, err := windows.CreateWellKnownSid(group.kind); err == nil && mayRead(list, sid) {
			return group.name
		}
	}
	return ""
}

// mayRead tells whether an access list lets a group read: the first entry about it decides, as denials stand before
// permissions ("Order of ACEs in a DACL", Microsoft Learn). A file without a list is open to everyone.
func mayRead(list *windows.ACL, group *windows.SID) bool {
	if list == nil {
		return true
	}
	const read = windows.FILE_READ_DATA | windows.GENERIC_READ | windows.GENERIC_ALL
	for i := range uint32(list.AceCount) {
		var entry *windows.ACCESS_ALLOWED_ACE
		if windows.GetAce(list, i, &entry) != nil {
			return false
		}
		allows, denies := entry.Header.AceType == windows.ACCESS_ALLOWED_ACE_TYPE, entry.Header.AceType == windows.ACCESS_DENIED_ACE_TYPE
		if !allows && !denies || entry.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 || entry.Mask&read == 0 {
			continue
		}
		if (*windows.SID)(unsafe.Pointer(&entry.SidStart)).Equals(group) { // #nosec G103 -- the system's own layout
			return allows
		}
	}
	return false
}
