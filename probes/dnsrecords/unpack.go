package dnsrecords

import (
	"encoding/binary"
	"errors"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Bounds of what a server says, in bytes of what it takes once it is read.
const (
	maxSaid   = 768 << 10 // of all that one says in a probe: two answers as long as TCP carries
	perRecord = 64        // of a record beside its names and data
	perByte   = 4         // of a record's data beside itself: a text may be a list of empty ones
	head      = 12        // of a message (RFC 1035 section 4.1.1)
)

var (
	errOther   = errors.New("it answers another question")
	errSwollen = errors.New("its names take much more than a name server says, once they are written out")
)

// unpack reads a message that is to answer asked, and adds to size what it takes. A message says a name by two bytes that stands
// in it once (RFC 1035 section 4.1.4), so what it takes is known before it is kept: one that takes more than wire.Unpacked
// times itself, or goes beyond what a server may say, is errSwollen. Whoever cannot know the id gets as far as errOther.
func unpack(raw []byte, asked *dns.Msg, size *int) (*dns.Msg, error) {
	if len(raw) < head || binary.BigEndian.Uint16(raw) != asked.Id {
		return nil, errOther
	}
	takes := unfolded(raw, wire.Unpacked*len(raw))
	if takes > wire.Unpacked*len(raw) || *size+takes > maxSaid {
		return nil, errSwollen
	}
	*size += takes
	m := new(dns.Msg)
	switch err := m.Unpack(raw); {
	case err != nil:
		return nil, err
	case !answers(m, asked):
		return nil, errOther
	}
	return m, nil
}

// unfolded is what the records of a message take, with all names written out, as far as they can be read. It stops beyond most.
func unfolded(raw []byte, most int) (size int) {
	at := head
	for range binary.BigEndian.Uint16(raw[4:]) {
		_, end, err := dns.UnpackDomainName(raw, at)
		if err != nil || end+4 > len(raw) {
			return size
		}
		at = end + 4 // type and class
	}
	for size <= most && at < len(raw) {
		rr, end, err := dns.UnpackRR(raw, at)
		if err != nil || end <= at {
			return size
		}
		at, size = end, size+perRecord+dns.Len(rr)+perByte*int(rr.Header().Rdlength)
	}
	return size
}
