package lab

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
)

const (
	soapNS     = "http://schemas.xmlsoap.org/soap/envelope/"
	messagesNS = "http://schemas.microsoft.com/exchange/services/2006/messages"
	typesNS    = "http://schemas.microsoft.com/exchange/services/2006/types"
	errorsNS   = "http://schemas.microsoft.com/exchange/services/2006/errors"
)

// readSOAP reads the operation that a request asks for; or it returns the HTTP status and the fault that Exchange would
// answer with.
func readSOAP(body io.Reader) (asked element, status int, text string) {
	var request struct {
		XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		Body    struct {
			Operations []element `xml:",any"`
		} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
	}
	decoder := xml.NewDecoder(body)
	err := decoder.Decode(&request)
	if err == nil && len(request.Body.Operations) == 0 {
		err = errors.New("the Body element holds no operation")
	}
	if err == nil {
		asked = request.Body.Operations[0]
		if asked.XMLName.Space != messagesNS {
			err = fmt.Errorf("the element '%s' in namespace '%s' is invalid", asked.XMLName.Local, asked.XMLName.Space)
		}
	}
	if err != nil {
		status, text = invalid(decoder, err)
	}
	return asked, status, text
}

// answerSOAP returns the HTTP status and the envelope that Exchange would answer with at one server of the pool.
func (e *exchange) answerSOAP(ctx context.Context, server string, asked element) (int, string) {
	operation := strings.TrimSuffix(asked.XMLName.Local, "Request")
	if e.trouble != nil {
		if status, text := e.trouble(ctx, server, operation); status != 0 {
			return status, text
		}
	}
	if text := stateless[operation]; text != "" {
		return http.StatusOK, envelope(text)
	}
	e.meter.operation(operation)
	a, ok := e.mailbox.do(server, asked)
	if !ok {
		return fault("ErrorInvalidRequest", "The lab does not answer "+operation+".", "")
	}
	return http.StatusOK, envelope(a.message(operation))
}

// stateless are the responses that are always the same. Those of the availability service have a form of their own.
var stateless = map[string]string{
	"GetServerTimeZones": answer{content: `<m:TimeZoneDefinitions>` +
		`<t:TimeZoneDefinition Id="UTC" Name="(UTC) Coordinated Universal Time"/></m:TimeZoneDefinitions>`}.message("GetServerTimeZones"),
	"GetUserAvailability": `<GetUserAvailabilityResponse xmlns="` + messagesNS + `"><FreeBusyResponseArray><FreeBusyResponse>` +
		`<ResponseMessage ResponseClass="Success"><ResponseCode>NoError</ResponseCode></ResponseMessage><FreeBusyView>` +
		`<FreeBusyViewType xmlns="` + typesNS + `">MergedOnly</FreeBusyViewType><MergedFreeBusy xmlns="` + typesNS + `">000000002222000000000000</MergedFreeBusy>` +
		`</FreeBusyView></FreeBusyResponse></FreeBusyResponseArray></GetUserAvailabilityResponse>`,
	"GetUserOofSettings": `<GetUserOofSettingsResponse xmlns="` + messagesNS + `"><ResponseMessage ResponseClass="Success">` +
		`<ResponseCode>NoError</ResponseCode></ResponseMessage><OofSettings xmlns="` + typesNS + `"><OofState>Disabled</OofState>` +
		`<ExternalAudience>All</ExternalAudience></OofSettings><AllowExternalOof>All</AllowExternalOof></GetUserOofSettingsResponse>`,
}

// message is the response to an operation, with this answer in it.
func (a answer) message(operation string) string {
	class, code, text := "Success", "NoError", ""
	if a.code != "" {
		class, code, text = "Error", a.code, "<m:MessageText>"+a.text+"</m:MessageText>"
	}
	return fmt.Sprintf(`<m:%[1]sResponse xmlns:m="%[3]s" xmlns:t="%[4]s"><m:ResponseMessages>`+
		`<m:%[1]sResponseMessage ResponseClass="%[5]s">%[7]s<m:ResponseCode>%[6]s</m:ResponseCode>%[2]s`+
		`</m:%[1]sResponseMessage></m:ResponseMessages></m:%[1]sResponse>`, operation, a.content, messagesNS, typesNS, class, code, text)
}

// invalid is Exchange's fault for a request that its schema does not allow.
func invalid(decoder *xml.Decoder, why error) (int, string) {
	line, position := decoder.InputPos()
	return fault("ErrorSchemaValidation", "The request failed schema validation: "+why.Error(), fmt.Sprintf(
		`<t:MessageXml xmlns:t="%s"><t:LineNumber>%d</t:LineNumber><t:LinePosition>%d</t:LinePosition>`+
			`<t:Violation>%s</t:Violation></t:MessageXml>`, typesNS, line, position, html.EscapeString(why.Error())))
}

func fault(code, message, detail string) (int, string) {
	return http.StatusInternalServerError, envelope(fmt.Sprintf(`<s:Fault><faultcode xmlns:a="%[4]s">a:%[1]s</faultcode>`+
		`<faultstring xml:lang="en-US">%[2]s</faultstring><detail><e:ResponseCode xmlns:e="%[5]s">%[1]s</e:ResponseCode>`+
		`<e:Message xmlns:e="%[5]s">%[2]s</e:Message>%[3]s</detail></s:Fault>`,
		code, html.EscapeString(message), detail, typesNS, errorsNS))
}

// envelope puts ServerVersionInfo, the proof that the back end's EWS answered, before body.
func envelope(body string) string {
	return `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="` + soapNS + `"><s:Header>` +
		`<h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="1748" MinorBuildNumber="10" ` +
		`Version="V2017_07_11" xmlns:h="` + typesNS + `"/></s:Header><s:Body>` + body + `</s:Body></s:Envelope>`
}
