package lab

import (
	"crypto/tls"
	"io"
	"net"
	"time"
)

// Bounds of everything the lab reads, so that no client makes it grow.
const (
	maxHead    = 64 << 10
	maxBody    = 1 << 20
	maxLinger  = 2 * time.Second // how long an ended connection waits for its peer to end too
	maxRequest = 2 * time.Minute // from one request's wait to its answer's last byte
)

// tcpOf is the TCP connection below conn, which may be TLS.
func tcpOf(conn net.Conn) *net.TCPConn {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	tcp, _ := conn.(*net.TCPConn)
	return tcp
}

// End closes conn so that the peer gets all that was written: closing a socket that still holds unread bytes makes the
// kernel send a reset, and a reset destroys the answer on its way. So say goodbye, read what is left, then close.
// The reader is conn's buffered one.
func End(conn net.Conn, r io.Reader) {
	defer func() { _ = conn.Close() }()
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || conn.SetDeadline(time.Now().Add(maxLinger)) != nil || half.CloseWrite() != nil {
		return
	}
	if _, secure := conn.(*tls.Conn); secure {
		_ = tcpOf(conn).CloseWrite() // close_notify alone keeps TCP open
	}
	_, _ = io.CopyN(io.Discard, r, maxBody)
}

// reset ends conn with an RST, without TLS's close_notify.
func reset(conn net.Conn) error {
	tcp := tcpOf(conn)
	if err := tcp.SetLinger(0); err != nil {
		return err
	}
	return tcp.Close()
}
