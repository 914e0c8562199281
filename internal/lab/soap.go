package lab

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
)

const (
	soapNS     = "http://schemas.xmlsoap.org/soap/envelope/"
	messagesNS = "http://schemas.microsoft.com/exchange/services/2006/messages"
	typesNS    = "http://schemas.microsoft.com/exchange/services/2006/types"
	errorsNS   = "http://schemas.microsoft.com/exchange/services/2006/errors"
)

// operations are the EWS operations that the lab answers, with what their response message holds beside the
// ResponseCode. An empty mailbox and one time zone will do.
var operations = map[string]string{
	"GetFolder": `<m:Folders><t:Folder><t:FolderId Id="AAAlAGxhYg==" ChangeKey="AQAAAA=="/></t:Folder></m:Folders>`,
	"GetServerTimeZones": `<m:TimeZoneDefinitions>` +
		`<t:TimeZoneDefinition Id="UTC" Name="(UTC) Coordinated Universal Time"/></m:TimeZoneDefinitions>`,
}

// answerSOAP reads a request and returns the HTTP status and the envelope that Exchange would answer with.
func answerSOAP(body io.Reader) (int, string) {
	var request struct {
		XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
		Body    struct {
			Operations []struct{ XMLName xml.Name } `xml:",any"`
		} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
	}
	decoder := xml.NewDecoder(body)
	err := decoder.Decode(&request)
	if err == nil && len(request.Body.Operations) == 0 {
		err = errors.New("the Body element holds no operation")
	}
	if err != nil {
		return invalid(decoder, err)
	}
	operation := request.Body.Operations[0].XMLName
	if operation.Space != messagesNS {
		return invalid(decoder, fmt.Errorf("the element '%s' in namespace '%s' is invalid", operation.Local, operation.Space))
	}
	content, ok := operations[operation.Local]
	if !ok {
		return fault("ErrorInvalidRequest", "The lab does not answer "+operation.Local+".", "")
	}
	return http.StatusOK, envelope(fmt.Sprintf(`<m:%[1]sResponse xmlns:m="%[3]s" xmlns:t="%[4]s"><m:ResponseMessages>`+
		`<m:%[1]sResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>%[2]s`+
		`</m:%[1]sResponseMessage></m:ResponseMessages></m:%[1]sResponse>`, operation.Local, content, messagesNS, typesNS))
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
