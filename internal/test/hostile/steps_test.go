package hostile

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// request reads a request and does what follows. A client that expects a 100 gets one, so that it sends its body and the
// fault is met where it lies.
func request(then ...lab.Step) lab.Step {
	return lab.Branch(func(head string) []lab.Step { return append(received(head), then...) })
}

// received are the steps that take a request's body.
func received(head string) []lab.Step {
	var steps []lab.Step
	if strings.Contains(head, "\r\nExpect:") {
		steps = append(steps, lab.Write("HTTP/1.1 100 Continue\r\n\r\n"))
	}
	if n := length(head); n > 0 {
		steps = append(steps, lab.ReadBody(n))
	}
	return steps
}

func length(head string) int64 {
	_, rest, _ := strings.Cut(head, "\r\nContent-Length: ")
	digits, _, _ := strings.Cut(rest, "\r\n")
	n, _ := strconv.ParseInt(digits, 10, 64)
	return n
}

// answers is a peer that answers the first request of each connection with these texts, and holds the connection.
func answers(texts ...string) lab.Step {
	return request(lab.Write(strings.Join(texts, "")), lab.Hang)
}

// ends is a peer that answers and ends the connection.
func ends(texts ...string) lab.Step { return request(lab.Write(strings.Join(texts, ""))) }

// floods is a peer that answers with a beginning, and then with a piece again and again as long as somebody reads.
func floods(begin, piece string) lab.Step { return request(lab.Write(begin), endless(piece)) }

// drips is a peer that answers with a beginning, and then with a piece again and again, too slowly to come to an end.
func drips(begin, piece string) lab.Step { return request(lab.Write(begin), dripping(piece)) }

// endless writes a piece again and again.
func endless(piece string) lab.Step {
	chunk := bytes.Repeat([]byte(piece), 1+(64<<10)/len(piece))
	return func(c *lab.Conn) error {
		for {
			if _, err := c.Write(chunk); err != nil {
				return err
			}
		}
	}
}

// many writes a piece so often that it makes n bytes.
func many(piece string, n int) lab.Step {
	chunk := bytes.Repeat([]byte(piece), 1+(64<<10)/len(piece))
	return func(c *lab.Conn) error {
		for left := n; left > 0; left -= len(chunk) {
			if _, err := c.Write(chunk[:min(left, len(chunk))]); err != nil {
				return err
			}
		}
		return nil
	}
}

// dripping writes a piece again and again, ten times a second.
func dripping(piece string) lab.Step {
	return func(c *lab.Conn) error {
		for {
			if _, err := io.WriteString(c, piece); err != nil {
				return err
			}
			if err := lab.Wait(100 * time.Millisecond)(c); err != nil {
				return err
			}
		}
	}
}

// ok is the head of a good response, less the empty line.
const ok = "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n"

// sized is a good response with this body.
func sized(body string) string {
	return ok + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// Documents that each prober takes for a good answer, to grow faults on.
const (
	folder = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetFolderResponse xmlns="http://schemas.microsoft.com/exchange/services/2006/messages"><ResponseMessages>` +
		`<GetFolderResponseMessage ResponseClass="Success"><ResponseCode>NoError</ResponseCode><Folders><Folder>` +
		`<FolderId Id="a"/></Folder></Folders></GetFolderResponseMessage></ResponseMessages></GetFolderResponse></s:Body></s:Envelope>`
	mailSettings = `<Autodiscover><Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account><AccountType>email</AccountType><Action>settings</Action><Protocol><Type>EXPR</Type>` +
		`<EwsUrl>https://mail.contoso.test/EWS/Exchange.asmx</EwsUrl></Protocol></Account></Response></Autodiscover>`
)

// suited answers with what the client takes for a good document, after something has been done to it.
func suited(change func(document string) string, then ...lab.Step) lab.Step {
	return lab.Branch(func(head string) []lab.Step {
		document := folder
		if strings.Contains(strings.ToLower(head), "/autodiscover/") {
			document = mailSettings
		}
		return append(append(received(head), lab.Write(change(document))), then...)
	})
}

// healthy answers well.
var healthy = suited(sized, lab.Hang)

// good is a peer without fault.
func good(t *testing.T) site { return https(healthy)(t) }
