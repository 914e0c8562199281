package kerberos

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/crypto/etype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// How the key is made of the password is what a KDC says before anything is proven, so it may be anybody who says it
// (RFC 4120 §5.2.7.5: the hints are not protected). Who chose how, and then got a timestamp that the key encrypts, could
// guess passwords faster than from what everybody sees. So it is held to what KDCs ask for.

// maxIterations bounds the work that a KDC can ask for: Windows asks for 4 096, MIT for 4 096 or 32 768. None stands for
// 2^32 (RFC 3962 §4).
const maxIterations = 1 << 17

// checkType refuses all but AES. A KDC that would choose something else was not offered it.
func (c *Client) checkType(encryptionType int32) error {
	if slices.Contains(encryption, encryptionType) {
		return nil
	}
	return failure.New(failure.Auth, NoEncryption, "a KDC of %s answered with encryption type %d, where AES alone was offered", c.settings.Realm, encryptionType)
}

// key is the account's for the first encryption type on offer that is wanted.
func (c *Client) key(login Login, name types.PrincipalName, offered types.PADataSequence, wanted ...int32) (types.EncryptionKey, error) {
	for _, pa := range offered {
		if pa.PADataType != patype.PA_ETYPE_INFO2 {
			continue
		}
		entries, err := pa.GetETypeInfo2()
		if err != nil {
			return types.EncryptionKey{}, failure.New(failure.Auth, Malformed, "a KDC of %s does not say how to make the key", c.settings.Realm)
		}
		for _, e := range entries {
			if slices.Contains(wanted, e.EType) {
				return c.keyOf(login, name, e)
			}
		}
	}
	return types.EncryptionKey{}, failure.New(failure.Auth, NoEncryption, "the KDC of %s has no AES key for %s: let the account have one (set its msDS-SupportedEncryptionTypes, then its password anew)", c.settings.Realm, login.Username)
}

func (c *Client) keyOf(login Login, name types.PrincipalName, e types.ETypeInfo2Entry) (types.EncryptionKey, error) {
	if login.Key == Keytab {
		return c.fromKeytab(login, name, e.EType)
	}
	kind, err := crypto.GetEtype(e.EType)
	if err != nil {
		return types.EncryptionKey{}, failure.New(failure.Auth, NoEncryption, "encryption type %d is not known", e.EType)
	}
	rounds, err := c.rounds(kind, e.S2KParams)
	if err != nil {
		return types.EncryptionKey{}, err
	}
	salt, err := c.salt(name, e.Salt)
	if err != nil {
		return types.EncryptionKey{}, err
	}
	value, err := kind.StringToKey(string(login.Material), salt, rounds)
	if err != nil {
		return types.EncryptionKey{}, failure.New(failure.Auth, Malformed, "the key cannot be made as a KDC of %s asks", c.settings.Realm)
	}
	return types.EncryptionKey{KeyType: e.EType, KeyValue: value}, nil
}

// rounds are those of PBKDF2, in hex: the encryption type's own number (RFC 3962 §4: 4 096, RFC 8009 §4: 32 768) unless
// the KDC asks for more. None asks for less: each guess at the password would cost less.
func (c *Client) rounds(kind etype.EType, params []byte) (string, error) {
	own := kind.GetDefaultStringToKeyParams()
	if len(params) == 0 {
		return own, nil
	}
	least, err := hex.DecodeString(own)
	if err != nil || len(least) != 4 || len(params) != 4 {
		return "", failure.New(failure.Auth, Malformed, "a KDC of %s says in %d bytes how often to go round to make the key, and not in 4", c.settings.Realm, len(params))
	}
	n, few := binary.BigEndian.Uint32(params), binary.BigEndian.Uint32(least)
	switch {
	case n == 0 || n > maxIterations:
		return "", failure.New(failure.Auth, Malformed, "a KDC of %s asks for %d rounds to make the key (0 stands for 2^32), and %d are enough", c.settings.Realm, n, maxIterations)
	case n < few:
		return "", failure.New(failure.Auth, Malformed,
			"a KDC of %s asks for %d rounds to make the key, and no KDC asks for less than %d: whoever answers may want to guess the password, so nothing was proved to it; look who that is", c.settings.Realm, n, few)
	}
	return hex.EncodeToString(params), nil
}

// salt is the KDC's, which must begin with the realm, or the account's default (RFC 4120 §4) where it gives none. One
// of the KDC's own choice would let it guess at many accounts at once, and prepare that. More cannot be asked of it:
// behind the realm Active Directory has the account's name as it was when the password was set, or "host" and a name
// (MS-KILE §3.1.1.2), and a name changes without the salt. A keytab needs none, so it serves where a realm has salts of
// another kind, as FreeIPA's are at random.
func (c *Client) salt(name types.PrincipalName, given string) (string, error) {
	realm := c.settings.Realm
	switch {
	case given == "":
		return name.GetSalt(realm), nil
	case len(given) < len(realm) || !strings.EqualFold(given[:len(realm)], realm):
		return "", failure.New(failure.Auth, Malformed,
			"a KDC of %s gives a salt for the key that does not begin with the realm: whoever answers may want to guess the password, so nothing was proved to it. Look who that is; if it is the KDC, set the password anew (a renamed realm keeps old salts), or use a keytab, which needs no salt", realm)
	}
	return given, nil
}

func (c *Client) fromKeytab(login Login, name types.PrincipalName, encryptionType int32) (types.EncryptionKey, error) {
	var table keytab.Keytab
	if err := table.Unmarshal(login.Material); err != nil {
		return types.EncryptionKey{}, failure.New(failure.Auth, Unusable, "the keytab cannot be read: it is damaged, or no keytab")
	}
	key, _, err := table.GetEncryptionKey(name, c.settings.Realm, 0, encryptionType)
	if err != nil {
		return types.EncryptionKey{}, failure.New(failure.Auth, Unusable, "the keytab has no key of encryption type %d for %s@%s", encryptionType, name.PrincipalNameString(), c.settings.Realm)
	}
	return key, nil
}
