package inbound

import "golang.org/x/sys/windows"

// systemNames is the name in Active Directory or DNS that the computer has for itself.
func systemNames() []string {
	n := uint32(256)
	text := make([]uint16, n)
	if windows.GetComputerNameEx(windows.ComputerNameDnsFullyQualified, &text[0], &n) != nil {
		return nil
	}
	return []string{windows.UTF16ToString(text)}
}
