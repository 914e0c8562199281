package ews_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/ews"
)

func TestJudgeSamples(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		operation ews.Operation
		reason    string
		code      string
		group     ews.Group
		backOff   time.Duration
		says      string
	}{
		"get_folder":             {operation: ews.OpGetFolder, code: "NoError", group: ews.Benign},
		"https_namespaces":       {operation: ews.OpGetFolder, reason: ews.ReasonNotSOAP, group: ews.Other, says: `its Envelope is in the namespace "https://`},
		"get_folder_error":       {operation: ews.OpGetFolder, reason: ews.ReasonResponseError, code: "ErrorInvalidIdMalformed", group: ews.OwnRequest, says: "Id is malformed."},
		"find_folder":            {operation: ews.OpFindFolder, code: "NoError", group: ews.Benign},
		"find_item_nothing":      {operation: ews.OpFindItem, code: "NoError", group: ews.Benign},
		"create_folder_exists":   {operation: ews.OpCreateFolder, reason: ews.ReasonResponseError, code: "ErrorFolderExists", group: ews.Benign},
		"create_item":            {operation: ews.OpCreateItem, code: "NoError", group: ews.Benign},
		"sync_hierarchy":         {operation: ews.OpSyncFolderHierarchy, code: "NoError", group: ews.Benign},
		"sync_items":             {operation: ews.OpSyncFolderItems, code: "NoError", group: ews.Benign},
		"sync_state_invalid":     {operation: ews.OpSyncFolderItems, reason: ews.ReasonResponseError, code: "ErrorInvalidSyncStateData", group: ews.OwnRequest},
		"subscribe":              {operation: ews.OpSubscribe, code: "NoError", group: ews.Benign},
		"get_events_status":      {operation: ews.OpGetEvents, code: "NoError", group: ews.Benign},
		"subscription_not_found": {operation: ews.OpGetEvents, reason: ews.ReasonResponseError, code: "ErrorSubscriptionNotFound", group: ews.Subscription},
		"unsubscribe":            {operation: ews.OpUnsubscribe, code: "NoError", group: ews.Benign},
		"streaming_status":       {operation: ews.OpGetStreamingEvents, code: "NoError", group: ews.Benign},
		"availability":           {operation: ews.OpGetUserAvailability, code: "NoError", group: ews.Benign},
		"availability_error":     {operation: ews.OpGetUserAvailability, reason: ews.ReasonResponseError, code: "ErrorServiceDiscoveryFailed", group: ews.Topology, says: "cross-forest"},
		"oof":                    {operation: ews.OpGetUserOofSettings, code: "NoError", group: ews.Benign},
		"resolve_names":          {operation: ews.OpResolveNames, code: "NoError", group: ews.Benign},
		"time_zones":             {operation: ews.OpGetServerTimeZones, code: "NoError", group: ews.Benign},
		"inner_busy":             {operation: ews.OpGetFolder, reason: ews.ReasonThrottled, code: "ErrorServerBusy", group: ews.Throttled, backOff: 5 * time.Second},
		"fault_busy":             {operation: ews.OpGetFolder, reason: ews.ReasonThrottled, code: "ErrorServerBusy", group: ews.Throttled, backOff: 297749 * time.Millisecond, says: "try again"},
		"fault_schema":           {operation: ews.OpGetFolder, reason: ews.ReasonFault, code: "ErrorSchemaValidation", group: ews.OwnRequest, says: "The element is invalid."},
		"fault_2007":             {operation: ews.OpGetFolder, reason: ews.ReasonFault, code: "ErrorInvalidRequest", group: ews.OwnRequest},
		"fault_oof_not_owner":    {operation: ews.OpGetUserOofSettings, reason: ews.ReasonFault, group: ews.Other, says: "Client -2146233088"},
		"fault_code_only":        {operation: ews.OpGetFolder, reason: ews.ReasonFault, code: "ErrorInvalidServerVersion", group: ews.OwnRequest},
		"fault_soap12":           {operation: ews.OpGetFolder, reason: ews.ReasonFault, group: ews.Other, says: "The request is invalid."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := ews.Parse(strings.NewReader(sample(t, name))).Judge(ews.Request{Operation: test.operation})
			if v.OK != (test.reason == "") || v.Reason != test.reason || v.Code != test.code || v.Group != test.group || v.BackOff != test.backOff {
				t.Errorf("%+v, want %+v", v, test)
			}
			if !strings.Contains(strings.ToLower(v.Message), strings.ToLower(test.says)) {
				t.Errorf("the message is %q, want %q in it", v.Message, test.says)
			}
		})
	}
}

func TestJudgeShapes(t *testing.T) {
	t.Parallel()
	answer := func(class, rest string) string {
		return `<Envelope><Body><GetFolderResponse><ResponseMessages><GetFolderResponseMessage ResponseClass="` + class + `">` + rest +
			`</GetFolderResponseMessage></ResponseMessages></GetFolderResponse></Body></Envelope>`
	}
	folder := `<Folders><Folder><FolderId Id="x"/></Folder></Folders>`
	tests := map[string]struct{ body, reason string }{
		"success without a code":       {answer("Success", folder), ""},
		"a warning":                    {answer("Warning", "<ResponseCode>ErrorNameResolutionMultipleResults</ResponseCode>"+folder), ""},
		"a warning, and no content":    {answer("Warning", "<ResponseCode>ErrorBatchProcessingStopped</ResponseCode>"), ews.ReasonMissingContent},
		"success with an empty code":   {answer("Success", "<ResponseCode/>"+folder), ews.ReasonResponseError},
		"two codes, one of an error":   {answer("Success", "<ResponseCode>ErrorAccessDenied</ResponseCode><ResponseCode>NoError</ResponseCode>"+folder), ews.ReasonResponseError},
		"success without content":      {answer("Success", "<ResponseCode>NoError</ResponseCode>"), ews.ReasonMissingContent},
		"success with an error's code": {answer("Success", "<ResponseCode>ErrorAccessDenied</ResponseCode>"+folder), ews.ReasonResponseError},
		"no class":                     {answer("", "<ResponseCode>NoError</ResponseCode>"+folder), ews.ReasonResponseError},
		"a class nobody knows":         {answer("Fine", "<ResponseCode>NoError</ResponseCode>"+folder), ews.ReasonResponseError},
		"no message":                   {`<Envelope><Body><GetFolderResponse/></Body></Envelope>`, ews.ReasonMissingContent},
		"another operation":            {`<Envelope><Body><FindFolderResponse/></Body></Envelope>`, ews.ReasonWrongOperation},
		"an empty body":                {`<Envelope><Body/></Envelope>`, ews.ReasonNotSOAP},
		"a header alone":               {`<Envelope><Header/></Envelope>`, ews.ReasonNotSOAP},
		"the request itself":           {`<Envelope><Body><GetFolder/></Body></Envelope>`, ews.ReasonNotSOAP},
		"other XML":                    {`<Autodiscover/>`, ews.ReasonNotSOAP},
		"text":                         {`The service is unavailable.`, ews.ReasonNotSOAP},
		"a page to log on by":          {`<!DOCTYPE html><html><body><form action="/CookieAuth.dll?Logon"></form></body></html>`, ews.ReasonHTML},
		"nothing":                      {``, ews.ReasonEmpty},
		"entities":                     {`<!DOCTYPE x [<!ENTITY a "b">]><Envelope>&a;</Envelope>`, ews.ReasonMalformed},
		"half":                         {answer("Success", folder)[:60], ews.ReasonTruncated},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := ews.Parse(strings.NewReader(spaced(test.body))).Judge(ews.Request{Operation: ews.OpGetFolder})
			if v.Reason != test.reason || v.OK != (test.reason == "") || v.Message == "" {
				t.Errorf("%+v, want reason %q", v, test.reason)
			}
		})
	}
}

// spaced puts the elements of a document into the namespaces of EWS.
func spaced(document string) string {
	return strings.NewReplacer(
		"<Envelope>", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns="http://schemas.microsoft.com/exchange/services/2006/messages">`,
		"</Envelope>", "</s:Envelope>", "<Body", "<s:Body", "</Body", "</s:Body", "<Header", "<s:Header",
	).Replace(document)
}

func TestAcceptedCodes(t *testing.T) {
	t.Parallel()
	r := ews.Parse(strings.NewReader(sample(t, "delete_item_gone")))
	request := ews.Request{Operation: ews.OpDeleteItem}
	if v := r.Judge(request); v.OK {
		t.Error("an item that is gone is no success by itself")
	}
	if v := r.Judge(request, "ErrorItemNotFound"); !v.OK || v.Code != "ErrorItemNotFound" {
		t.Errorf("an item that is gone is deleted: %+v", v)
	}
}

// One mailbox of several whose busy times do not come fails the operation, wherever it stands.
func TestTheWorstMessageDecides(t *testing.T) {
	t.Parallel()
	ok := `<FreeBusyResponse><ResponseMessage ResponseClass="Success"><ResponseCode>NoError</ResponseCode></ResponseMessage><FreeBusyView><FreeBusyViewType>MergedOnly</FreeBusyViewType></FreeBusyView></FreeBusyResponse>`
	bad := `<FreeBusyResponse><ResponseMessage ResponseClass="Error"><ResponseCode>ErrorMailRecipientNotFound</ResponseCode></ResponseMessage></FreeBusyResponse>`
	for _, list := range []string{ok + bad, bad + ok, ok + bad + ok} {
		r := ews.Parse(strings.NewReader(spaced(`<Envelope><Body><GetUserAvailabilityResponse><FreeBusyResponseArray>` + list + `</FreeBusyResponseArray></GetUserAvailabilityResponse></Body></Envelope>`)))
		if v := r.Judge(ews.Request{Operation: ews.OpGetUserAvailability}); v.OK || v.Code != "ErrorMailRecipientNotFound" || v.Group != ews.Mailbox {
			t.Errorf("%+v", v)
		}
	}
}

func TestAHostileBackOffIsBounded(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]time.Duration{"-5": 0, "soon": 0, "2147483647": 24 * time.Hour, "99999999999999999999": 0, " 1500 ": 1500 * time.Millisecond} {
		body := strings.Replace(sample(t, "fault_busy"), "297749", value, 1)
		if got := ews.Parse(strings.NewReader(body)).Judge(ews.Request{}).BackOff; got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func TestCodeLabels(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"": "", "NoError": "NoError", "ErrorServerBusy": "ErrorServerBusy", "ErrorMadeUp": "other", "<b>": "other"} {
		if got := ews.CodeLabel(code); got != want {
			t.Errorf("%q: %q, want %q", code, got, want)
		}
	}
	codes := ews.Codes()
	if len(codes) < 60 || len(slices.Compact(slices.Clone(codes))) != len(codes) {
		t.Errorf("%d codes", len(codes))
	}
}
