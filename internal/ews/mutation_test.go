package ews_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// exchanged is a request, the simulated site's good answer to it, and the elements of that without which it is as good.
type exchanged struct {
	name     string
	request  ews.Request
	answer   string
	needless []string
}

// everywhere are elements that tell nothing which decides.
var everywhere = []string{"Header", "ServerVersionInfo", "MessageText", "ResponseCode", "DescriptiveLinkKey"}

// conversation asks the simulated site for every operation, and keeps its answers.
func conversation(t *testing.T) []exchanged {
	t.Helper()
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{"healthy"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	scenario, _ := site.Scenario("healthy")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(site.Authority().PEM())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}

	var all []exchanged
	ask := func(name string, request ews.Request, needless ...string) *ews.Response {
		post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+scenario.Address+ews.Path, bytes.NewReader(request.Body))
		if err != nil {
			t.Fatal(err)
		}
		post.SetBasicAuth(lab.Username, lab.Password)
		answer, err := client.Do(post)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		text := firstEnvelope(t, answer.Body)
		r := ews.Parse(strings.NewReader(text))
		if v := r.Judge(request); !v.OK {
			t.Fatalf("%s: the good answer is none: %s\n%s", name, v.Message, text)
		}
		all = append(all, exchanged{name, request, text, append(needless, everywhere...)})
		return r
	}
	b, inbox := ews.Builder{}, ews.Distinguished("inbox", "")
	top := ews.Distinguished("msgfolderroot", "")
	found := []string{"RootFolder", "Folders", "Folder", "FolderId", "Items", "Message", "ItemId"} // nothing found is found, too
	changes := []string{"IncludesLastItemInRange", "IncludesLastFolderInRange", "Changes", "Create", "Message", "ItemId", "Folder", "FolderId"}
	ask("GetFolder", b.GetFolder(inbox))
	ask("FindFolder, none", b.FindFolder(top, "none"), found...)
	made := ask("CreateFolder", b.CreateFolder(top, "mutations"))
	ask("FindFolder", b.FindFolder(top, "mutations"), found...)
	own := ews.FolderByID(made.Folders[0])
	pull := ask("Subscribe", b.SubscribePull(own, 1, ews.CreatedEvent))
	ask("GetEvents, none", b.GetEvents(pull.Subscription, pull.Watermark), "SubscriptionId", "PreviousWatermark", "MoreEvents", "Watermark")
	item := ask("CreateItem", b.CreateItem(own, "mutated"))
	ask("GetEvents", b.GetEvents(pull.Subscription, pull.Watermark), "SubscriptionId", "PreviousWatermark", "MoreEvents", "Watermark", "TimeStamp", "ItemId", "ParentFolderId")
	ask("Unsubscribe", b.Unsubscribe(pull.Subscription))
	stream := ask("Subscribe, streaming", b.SubscribeStreaming(own, ews.CreatedEvent))
	ask("GetStreamingEvents", b.GetStreamingEvents(stream.Subscription, 1))
	ask("FindItem", b.FindItem(own, "mut", time.Now().Add(time.Hour)), found...)
	ask("SyncFolderHierarchy", b.SyncFolderHierarchy(top, ""), changes...)
	ask("SyncFolderItems", b.SyncFolderItems(own, "", 10), changes...)
	ask("DeleteItem", b.DeleteItem(item.Items...))
	today := time.Now().Truncate(24 * time.Hour)
	ask("GetUserAvailability", b.GetUserAvailability("probe@contoso.test", today, today.Add(24*time.Hour)), "MergedFreeBusy")
	ask("GetUserOofSettings", b.GetUserOofSettings("probe@contoso.test"), "ExternalAudience", "AllowExternalOof")
	ask("ResolveNames", b.ResolveNames("probe@contoso.test"), "Name", "RoutingType")
	ask("GetServerTimeZones", b.GetServerTimeZones())
	return all
}

// firstEnvelope reads up to the first envelope's end: a stream goes on after that.
func firstEnvelope(t *testing.T, r io.Reader) string {
	t.Helper()
	var text []byte
	for one := make([]byte, 1); !bytes.HasSuffix(text, []byte("Envelope>")) || !bytes.Contains(text, []byte("</")); {
		n, err := r.Read(one)
		text = append(text, one[:n]...)
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if err != nil {
			break
		}
	}
	return string(text)
}

// span is where an element stands: before[its start tag]content[its end tag]after.
type span struct {
	name                    string
	start, open, close, end int
}

// spans are the elements of a document, in the order of their ends.
func spans(t *testing.T, document string) (all []span) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(document))
	var under []span
	for {
		before := int(decoder.InputOffset())
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		after := int(decoder.InputOffset())
		switch token := token.(type) {
		case xml.StartElement:
			under = append(under, span{name: token.Name.Local, start: before, open: after})
		case xml.EndElement:
			s := under[len(under)-1]
			under = under[:len(under)-1]
			s.close, s.end = before, after
			all = append(all, s)
		}
	}
}

// edit puts text in the place of a part of a document.
func edit(document string, from, to int, text string) string {
	return document[:from] + text + document[to:]
}

// each makes one mutant for each element that matters.
func each(change func(document string, s span) string) func(*testing.T, exchanged) []string {
	return func(t *testing.T, e exchanged) (mutants []string) {
		for _, s := range spans(t, e.answer) {
			if !slices.Contains(e.needless, s.name) {
				mutants = append(mutants, change(e.answer, s))
			}
		}
		return mutants
	}
}

// once makes a mutant of the whole.
func once(change func(document string) string) func(*testing.T, exchanged) []string {
	return func(_ *testing.T, e exchanged) []string { return []string{change(e.answer)} }
}

// replaced makes one mutant for each text that is put in the place of what the pattern finds.
func replaced(pattern string, with ...string) func(*testing.T, exchanged) []string {
	shape := regexp.MustCompile(pattern)
	return func(_ *testing.T, e exchanged) (mutants []string) {
		for _, w := range with {
			if shape.MatchString(e.answer) {
				mutants = append(mutants, shape.ReplaceAllString(e.answer, w))
			}
		}
		return mutants
	}
}

// renamed renames an element with its start and end tag.
func renamed(document string, s span) string {
	if s.close == s.end { // <a/>
		return edit(document, s.start, s.open, strings.Replace(document[s.start:s.open], s.name, s.name+"X", 1))
	}
	document = edit(document, s.close, s.end, strings.Replace(document[s.close:s.end], s.name, s.name+"X", 1))
	return edit(document, s.start, s.open, strings.Replace(document[s.start:s.open], s.name, s.name+"X", 1))
}

// moved has an element's prefix, or none, be bound to a namespace of its own.
func moved(to string) func(string, span) string {
	return func(document string, s span) string {
		tag := document[s.start:s.open]
		prefix, _, prefixed := strings.Cut(strings.TrimPrefix(tag, "<"), ":")
		bind := `xmlns="` + to + `"`
		if prefixed && !strings.ContainsAny(prefix, ` />`) {
			bind = "xmlns:" + prefix + `="` + to + `"`
		}
		tag = regexp.MustCompile(` `+strings.SplitN(bind, "=", 2)[0]+`="[^"]*"`).ReplaceAllString(tag, "")
		at := strings.IndexAny(tag, " />")
		return edit(document, s.start, s.open, tag[:at]+" "+bind+tag[at:])
	}
}

const (
	soapFault = `<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault>`
	otherOne  = `<m:GetUserPhotoResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"/>`
)

func before(what, text string) func(*testing.T, exchanged) []string {
	return once(func(d string) string { return strings.Replace(d, what, text+what, 1) })
}

// mutations are kinds of harm to a good answer. None of what they make is a success.
var mutations = map[string]func(*testing.T, exchanged) []string{
	"cut off": func(_ *testing.T, e exchanged) (mutants []string) {
		for at := 0; at < len(e.answer)-1; at += 7 {
			mutants = append(mutants, e.answer[:at])
		}
		return mutants
	},
	"an element renamed":                each(renamed),
	"an element left out":               each(func(d string, s span) string { return edit(d, s.start, s.end, "") }),
	"an element commented out":          each(func(d string, s span) string { return edit(d, s.start, s.end, "<!--"+d[s.start:s.end]+"-->") }),
	"an element as text":                each(func(d string, s span) string { return edit(d, s.start, s.end, "<![CDATA["+d[s.start:s.end]+"]]>") }),
	"an element of another namespace":   each(moved("urn:another")),
	"an element of the https namespace": each(moved("https://schemas.microsoft.com/exchange/services/2006/messages")),
	"an element of no namespace":        each(moved("")),
	"an end tag left out":               each(func(d string, s span) string { return edit(d, s.close, s.end, "") }),
	"end tags crossed":                  replaced(`</(s|m|t):Body>`, "</s:Bodi>"),
	"a prefix bound to nothing":         replaced(` xmlns:(s|m|t|h)="[^"]*"`, ""),
	"the default namespace left out":    withDefault(replaced(` xmlns="[^"]*messages"`, "")),
	"an attribute's prefix unbound":     replaced(` ResponseClass=`, " x:ResponseClass="),
	"the class in another namespace":    replaced(` ResponseClass=`, ` xmlns:x="urn:x" x:ResponseClass=`),
	"SOAP of https":                     replaced(`http://schemas.xmlsoap.org/`, "https://schemas.xmlsoap.org/"),
	"SOAP 1.2":                          replaced(`http://schemas.xmlsoap.org/soap/envelope/`, "http://www.w3.org/2003/05/soap-envelope"),
	"messages of another version":       replaced(`services/2006/messages`, "services/2005/messages", "services/2006/types", "services/2006/errors", ""),
	"text after the envelope":           once(func(d string) string { return d + "OK" }),
	"an element after the envelope":     once(func(d string) string { return d + "<x/>" }),
	"a page after the envelope":         once(func(d string) string { return d + "\r\n<html><body>Log on</body></html>" }),
	"the envelope twice":                once(func(d string) string { return d + d }),
	"a declaration after the envelope":  once(func(d string) string { return d + `<?xml version="1.0"?>` }),
	"NULs after the envelope":           once(func(d string) string { return d + "\x00\x00" }),
	"half a tag after the envelope":     once(func(d string) string { return d + "<" }),
	"text before the envelope":          once(func(d string) string { return strings.Replace(d, "<s:Envelope", "OK<s:Envelope", 1) }),
	"a page before the envelope":        once(func(d string) string { return "<html/>" + d }),
	"text in the body":                  before("</s:Body>", "OK"),
	"text in the envelope":              before("<s:Body>", "OK"),
	"a fault behind the response":       before("</s:Body>", soapFault),
	"a fault before the response":       once(func(d string) string { return strings.Replace(d, "<s:Body>", "<s:Body>"+soapFault, 1) }),
	"a fault within the response":       replaced(`(<[a-z]*:?\w+Response[ >][^>]*>?)`, "$1"+soapFault),
	"another response behind it":        before("</s:Body>", otherOne),
	"another response before it":        once(func(d string) string { return strings.Replace(d, "<s:Body>", "<s:Body>"+otherOne, 1) }),
	"something foreign in the body":     before("</s:Body>", `<x xmlns="urn:x"/>`),
	"two bodies":                        before("</s:Envelope>", "<s:Body/>"),
	"an envelope within the envelope":   replaced(`(?s)(<s:Envelope[^>]*>)(.*)(</s:Envelope>)`, "$1$1$2$3$3"),
	"a document type":                   replaced(`(<\?xml[^>]*>)`, "$1<!DOCTYPE Envelope>"),
	"an entity of its own":              replaced(`(ResponseClass=")Success`, "${1}&ok;"),
	"an attribute twice":                replaced(` ResponseClass="Success"`, ` ResponseClass="Success" ResponseClass="Error"`, ` ResponseClass="Error" ResponseClass="Success"`),
	"an attribute without quotes":       replaced(` ResponseClass="Success"`, ` ResponseClass=Success`),
	"another class":                     replaced(` ResponseClass="Success"`, ` ResponseClass="Error"`, ` ResponseClass="Fine"`, ` ResponseClass="success"`, ` ResponseClass=""`, ``),
	"another code":                      replaced(`>NoError<`, ">ErrorAccessDenied<", ">ErrorServerBusy<", ">noerror<", "><", "> <", ">0<"),
	"a second code":                     replaced(`(<[a-z]*:?ResponseCode>)NoError(</[a-z]*:?ResponseCode>)`, "${1}NoError${2}${1}ErrorAccessDenied${2}", "${1}ErrorAccessDenied${2}${1}NoError${2}"),
	"a code within the code":            replaced(`>NoError<`, "><x>NoError</x><"),
	"ids empty":                         emptied(`(<t:(?:FolderId|ItemId) )Id="[^"]*"`, `${1}Id=""`, "GetFolder", "CreateFolder", "CreateItem"),
	"texts empty":                       emptied(`(SyncState|SubscriptionId|OofState|FreeBusyViewType|EmailAddress|ConnectionStatus)( [^>]*)?>[^<]+<`, "$1$2><", "SyncFolderHierarchy", "SyncFolderItems", "Subscribe", "Subscribe, streaming", "GetUserOofSettings", "GetUserAvailability", "ResolveNames", "GetStreamingEvents"),
	"no free and busy times":            replaced(`MergedOnly`, "None", "Unknown"),
	"no watermark of a pull":            emptied(`<m:Watermark>[^<]*</m:Watermark>`, "", "Subscribe"),
	"an event that EWS does not know":   replaced(`t:(Status|Created)Event`, "t:OtherEvent"),
	"a state of replies nobody knows":   replaced(`Disabled`, "Off"),
	"a time zone without its name":      replaced(` Id="UTC"`, ""),
	"UTF-16":                            once(func(d string) string { return "\xff\xfe" + strings.Join(strings.Split(d, ""), "\x00") + "\x00" }),
	"bytes that are no UTF-8":           replaced(`NoError`, "NoErr\xffr"),
	"a control character":               replaced(`NoError`, "No\x08Error"),
	"a NUL":                             replaced(`<s:Body>`, "\x00<s:Body>"),
	"a declaration in its midst":        before("</s:Body>", `<?xml version="1.0"?>`),
	"the request sent back":             func(_ *testing.T, e exchanged) []string { return []string{string(e.request.Body)} },
	"a form to log on by":               once(func(string) string { return "<!DOCTYPE html><html><form/></html>" }),
	"nothing":                           once(func(string) string { return " \r\n" }),
}

// withDefault has the messages be those of the default namespace before another mutation.
func withDefault(then func(*testing.T, exchanged) []string) func(*testing.T, exchanged) []string {
	return func(t *testing.T, e exchanged) []string {
		e.answer = strings.NewReplacer("<m:", "<", "</m:", "</", "xmlns:m=", "xmlns=").Replace(e.answer)
		return then(t, e)
	}
}

// emptied is replaced for some operations only: for the others it changes nothing that matters.
func emptied(pattern, with string, operations ...string) func(*testing.T, exchanged) []string {
	return func(t *testing.T, e exchanged) []string {
		if !slices.Contains(operations, e.name) {
			return nil
		}
		return replaced(pattern, with)(t, e)
	}
}

// Whatever is done to a good answer, it is one no more.
func TestNoMutationIsASuccess(t *testing.T) {
	t.Parallel()
	all := conversation(t)
	for kind, mutate := range mutations {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			count := 0
			for _, e := range all {
				for _, mutant := range mutate(t, e) {
					if mutant == e.answer {
						continue
					}
					count++
					if v := ews.Parse(strings.NewReader(mutant)).Judge(e.request); v.OK {
						t.Errorf("%s: a success:\n%s", e.name, mutant)
					} else if v.Reason == "" || v.Message == "" {
						t.Errorf("%s: neither reason nor message: %+v", e.name, v)
					}
				}
			}
			if count == 0 {
				t.Error("it changes no answer")
			}
		})
	}
}

// variations are what healthy servers do otherwise than the simulated site.
var variations = map[string]func(string) string{
	"as it is":          func(d string) string { return d },
	"other prefixes":    strings.NewReplacer("<s:", "<soap11:", "</s:", "</soap11:", "xmlns:s=", "xmlns:soap11=", "<m:", "<NS1:", "</m:", "</NS1:", "xmlns:m=", "xmlns:NS1=", "<t:", "<ty.pes:", "</t:", "</ty.pes:", "xmlns:t=", "xmlns:ty.pes=").Replace,
	"no prefixes":       strings.NewReplacer("<m:", "<", "</m:", "</", "xmlns:m=", "xmlns=").Replace,
	"attributes turned": regexpReplace(`<t:(FolderId|ItemId) (Id="[^"]*") (ChangeKey="[^"]*")`, `<t:$1 $3 $2`),
	"single quotes":     regexpReplace(`="([^"]*)"`, `='$1'`),
	"white space":       regexpReplace(`><`, ">\r\n\t  <"),
	"space in tags":     regexpReplace(`"(/?>)`, "\" \n$1"),
	"a byte order mark": func(d string) string { return "\ufeff" + d },
	"no declaration":    regexpReplace(`^<\?xml[^>]*>`, ""),
	"a line before":     func(d string) string { return "\r\n" + d[strings.Index(d, "<s:"):] },
	"lines after":       func(d string) string { return d + "\r\n\r\n" },
	"a comment after":   func(d string) string { return d + "<!-- EX01 -->\n" },
	"comments":          regexpReplace(`(<s:Body>)`, "$1<!-- 12 ms -->"),
	"an instruction":    regexpReplace(`(<s:Body>)`, `$1<?trace on?>`),
	"texts as CDATA":    regexpReplace(`>([^<>\s]+)<`, `><![CDATA[$1]]><`),
	"texts in pieces":   regexpReplace(`>([^<>\s])([^<>]+)<`, `>$1<!-- -->$2<`),
	"references":        regexpReplace(`NoError`, `&#78;o&#x45;rror`),
	"empty elements":    regexpReplace(`<([a-zA-Z:]+)( [^>]*)?/>`, `<$1$2></$1>`),
	"more in the head":  regexpReplace(`(</s:Header>)`, `<x:Trace xmlns:x="urn:x"><x:Fault/></x:Trace>$1`),
	"no head":           regexpReplace(`<s:Header>.*</s:Header>`, ``),
	"more elements":     regexpReplace(`(</[a-z]*:?ResponseCode>)`, `$1<DescriptiveLinkKey xmlns="http://schemas.microsoft.com/exchange/services/2006/messages">0</DescriptiveLinkKey><x:More xmlns:x="urn:x"><x:ResponseCode>ErrorNone</x:ResponseCode></x:More>`),
	"more attributes":   regexpReplace(` ResponseClass="Success"`, ` xmlns:x="urn:x" x:ResponseClass="Error" Took="3" ResponseClass="Success" xml:lang="en"`),
	"namespaces again":  regexpReplace(`<t:(\w+)`, `<t:$1 xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`),
	"no code":           regexpReplace(`<([a-z]*:?)ResponseCode>NoError</[a-z]*:?ResponseCode>`, ``),
}

func regexpReplace(pattern, with string) func(string) string {
	shape := regexp.MustCompile(pattern)
	return func(d string) string { return shape.ReplaceAllString(d, with) }
}

// What only looks otherwise is as good.
func TestVariationsStayASuccess(t *testing.T) {
	t.Parallel()
	all := conversation(t)
	for kind, vary := range variations {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for _, e := range all {
				variant := vary(e.answer)
				if v := ews.Parse(strings.NewReader(variant)).Judge(e.request); !v.OK {
					t.Errorf("%s: %s\n%s", e.name, v.Message, variant)
				}
			}
		})
	}
}

// Of a folder or an item that is not there a server may say nothing at all: a healthy one was seen to leave RootFolder out.
func TestNothingFoundIsFound(t *testing.T) {
	t.Parallel()
	b := ews.Builder{}
	for name, request := range map[ews.Operation]ews.Request{
		ews.OpFindFolder: b.FindFolder(ews.Distinguished("msgfolderroot", ""), "none"),
		ews.OpFindItem:   b.FindItem(ews.Distinguished("inbox", ""), "none", time.Now()),
	} {
		for _, content := range []string{"", "<RootFolder/>", `<RootFolder TotalItemsInView="0" IncludesLastItemInRange="true"/>`} {
			r := ews.Parse(strings.NewReader(spaced("<Envelope><Body><" + string(name) + "Response><ResponseMessages><" + string(name) +
				`ResponseMessage ResponseClass="Success"><ResponseCode>NoError</ResponseCode>` + content + "</" + string(name) +
				"ResponseMessage></ResponseMessages></" + string(name) + "Response></Body></Envelope>")))
			if v := r.Judge(request); !v.OK || len(r.Folders)+len(r.Items) > 0 {
				t.Errorf("%s with %q: %+v", name, content, v)
			}
		}
	}
}
