package ews

import (
	"maps"
	"slices"
)

// Group is what a ResponseCode is about. The set is closed.
type Group string

// The groups.
const (
	Benign       Group = "benign"       // no fault at all
	Throttled    Group = "throttled"    // too much at once: leave the server alone for a while
	Permission   Group = "permission"   // the account may not
	Mailbox      Group = "mailbox"      // there is no such mailbox
	BackEnd      Group = "back_end"     // the store, the directory or the server behind: it may pass by itself
	Topology     Group = "topology"     // the way from one server, site or forest to another
	Subscription Group = "subscription" // the subscription is not, or no longer, there
	OwnRequest   Group = "request"      // the request itself is wrong
	Other        Group = "other"
)

// groups are the codes worth telling apart (Microsoft Learn, "ResponseCode").
var groups = map[Group][]string{
	Benign: {"NoError", "ErrorFolderExists", "ErrorFolderNotFound", "ErrorItemNotFound", "ErrorNameResolutionNoResults", "ErrorNameResolutionMultipleResults"},
	Throttled: {
		"ErrorServerBusy", "ErrorExceededConnectionCount", "ErrorExceededSubscriptionCount", "ErrorExceededFindCountLimit",
	},
	Permission: {
		"ErrorAccessDenied", "ErrorImpersonateUserDenied", "ErrorImpersonationDenied", "ErrorImpersonationFailed",
		"ErrorInvalidExchangeImpersonationHeaderData", "ErrorCallerIsInvalidADAccount", "ErrorAccountDisabled",
		"ErrorMailboxLogonFailed", "ErrorTokenSerializationDenied", "ErrorNoFreeBusyAccess", "ErrorPasswordExpired",
		"ErrorPasswordChangeRequired", "ErrorCreateItemAccessDenied", "ErrorCreateSubfolderAccessDenied",
	},
	Mailbox: {"ErrorNonExistentMailbox", "ErrorMissingEmailAddress", "ErrorWrongServerVersion", "ErrorMailRecipientNotFound"},
	BackEnd: {
		"ErrorInternalServerTransientError", "ErrorInternalServerError", "ErrorMailboxStoreUnavailable",
		"ErrorMailboxMoveInProgress", "ErrorMailboxFailover", "ErrorConnectionFailed", "ErrorInsufficientResources",
		"ErrorTimeoutExpired", "ErrorADUnavailable", "ErrorADOperation", "ErrorQuotaExceeded", "ErrorNotEnoughMemory",
		"ErrorFreeBusyGenerationFailed",
	},
	Topology: {
		"ErrorNoRespondingCASInDestinationSite", "ErrorNoDestinationCASDueToKerberosRequirements",
		"ErrorNoDestinationCASDueToSSLRequirements", "ErrorNoDestinationCASDueToVersionMismatch",
		"ErrorNoApplicableProxyCASServersAvailable", "ErrorProxyCallFailed", "ErrorProxyRequestNotAllowed",
		"ErrorProxyRequestProcessingFailed", "ErrorProxiedSubscriptionCallFailure", "ErrorServiceDiscoveryFailed",
		"ErrorProxyServiceDiscoveryFailed", "ErrorAutoDiscoverFailed", "ErrorCrossSiteRequest",
	},
	Subscription: {
		"ErrorSubscriptionNotFound", "ErrorSubscriptionAccessDenied", "ErrorSubscriptionDelegateAccessNotSupported",
		"ErrorSubscriptionUnsubscribed", "ErrorInvalidSubscription", "ErrorExpiredSubscription", "ErrorReadEventsFailed",
		"ErrorEventNotFound", "ErrorMissedNotificationEvents", "ErrorInvalidWatermark",
	},
	OwnRequest: {
		"ErrorSchemaValidation", "ErrorInvalidRequest", "ErrorInvalidServerVersion", "ErrorIncorrectSchemaVersion",
		"ErrorInvalidSchemaVersionForMailboxVersion", "ErrorInvalidIdMalformed", "ErrorInvalidSyncStateData",
		"ErrorRequestStreamTooBig", "ErrorTimeIntervalTooBig", "ErrorMailboxDataArrayTooBig", "ErrorInvalidOperation",
	},
}

var groupOf = func() map[string]Group {
	m := map[string]Group{}
	for group, codes := range groups {
		for _, code := range codes {
			m[code] = group
		}
	}
	return m
}()

// Codes are the ResponseCodes that CodeLabel tells apart, sorted.
func Codes() []string { return slices.Sorted(maps.Keys(groupOf)) }

// CodeLabel is a ResponseCode as a metric's label: itself when it is a known one, empty when there is none, else "other".
func CodeLabel(code string) string {
	if _, known := groupOf[code]; known || code == "" {
		return code
	}
	return string(Other)
}

// GroupOf says what a ResponseCode is about.
func GroupOf(code string) Group {
	if group, known := groupOf[code]; known {
		return group
	}
	return Other
}
