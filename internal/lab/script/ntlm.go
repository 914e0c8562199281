package script

import (
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Challenge is NTLM's second message (MS-NLMP section 2.2.1.2), with this much target information.
func Challenge(info string) string {
	m := make([]byte, 48, 48+len(info))
	copy(m, "NTLMSSP\x00\x02")
	binary.LittleEndian.PutUint32(m[20:], 0xa2898205)
	copy(m[24:], "nonsense")
	binary.LittleEndian.PutUint16(m[40:], uint16(len(info)))
	binary.LittleEndian.PutUint16(m[42:], uint16(len(info)))
	binary.LittleEndian.PutUint32(m[44:], 48)
	return "NTLM " + base64.StdEncoding.EncodeToString(append(m, info...))
}

// Computers are pairs of target information: the computer's name and the domain's.
const Computers = "\x01\x00\x08\x00E\x00X\x000\x001\x00\x02\x00\x08\x00C\x00O\x00N\x00T\x00\x00\x00\x00\x00"

// Legs answers each leg of an NTLM logon in its own way: without credentials, after the first message, after the last.
func Legs(second, third []lab.Step) func(authorization string) []lab.Step {
	return func(authorization string) []lab.Step {
		switch {
		case strings.HasPrefix(authorization, "NTLM TlRMTVNTUAAB"):
			return second
		case authorization != "":
			return third
		}
		return []lab.Step{Unauthorized("NTLM")}
	}
}
