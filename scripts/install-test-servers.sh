#!/bin/sh
# Installs the servers that the integration tests run, where it may: on Debian and its like, as root or by a sudo that
# asks for no password. None of them is started or enabled as a service; the tests start their own, on loopback.
#
#   scripts/install-test-servers.sh             install what is missing, then say what still is
#   INSTALL=no scripts/install-test-servers.sh  only say what is missing
#   scripts/install-test-servers.sh prometheus amtool  look after these alone
#
# Exits 0 even when something is missing, because its tests are skipped then; with CI=true it exits 1.
set -eu

# One line for each server: the program that the tests run, or a file of a part without one, the Debian package that has it, and the service of its own
# that the package brings (- for none; unpack: the package excludes another of these, so it is not installed, but unpacked
# into $cache, where the tests look too).
servers='
nginx       nginx        nginx
haproxy     haproxy      haproxy
apache2     apache2-bin  -
caddy       caddy        caddy
squid       squid        squid
lighttpd    lighttpd     lighttpd
tinyproxy   tinyproxy-bin -
prometheus  prometheus   prometheus
amtool      prometheus-alertmanager prometheus-alertmanager
prometheus-blackbox-exporter prometheus-blackbox-exporter prometheus-blackbox-exporter
krb5kdc     krb5-kdc     krb5-kdc
kadmin.local krb5-admin-server krb5-admin-server
kinit       krb5-user    -
/usr/lib/apache2/modules/mod_auth_gssapi.so libapache2-mod-auth-gssapi -
/etc/gss/mech.d/mech.ntlmssp.conf gss-ntlmssp -
/usr/lib/python3/dist-packages/gssapi python3-gssapi -
postfix     postfix      postfix
swaks       swaks        -
/usr/share/doc/libnet-ssleay-perl/copyright libnet-ssleay-perl -
exim4       exim4-daemon-light unpack
nsd         nsd          nsd
ip          iproute2     -
knotd       knot         knot
named       bind9        named
sstpc       sstp-client  -
xfreerdp    freerdp2-x11 -
Xvfb        xvfb         -
curl        curl         -
dig         bind9-dnsutils -
dovecot     dovecot-core dovecot
/usr/lib/dovecot/imap dovecot-imapd -
/usr/lib/dovecot/pop3 dovecot-pop3d -
asp-state4  mono-xsp4    -
chromium    chromium     -
npm         npm          -
systemd-analyze systemd  -
lintian     lintian      -
rpmbuild    rpm          -
busybox     busybox-static -
man         man-db       -
fish        fish         -
zsh         zsh          -
/usr/lib/wine/wine64 wine64 -
x86_64-w64-mingw32-gcc-win32 gcc-mingw-w64-x86-64-win32 -
gpg         gpg          -
gpg-agent   gpg-agent    -
'

# Debian keeps servers in sbin, which is not on every user's PATH.
cache=/var/cache/ews_exporter-test-servers
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:$cache/usr/sbin
only=$*
policy=/usr/sbin/policy-rc.d
saved=$policy.before-ews_exporter

main() {
	wanted=$(missing)
	[ -n "$wanted" ] || return 0
	if [ "${INSTALL:-yes}" = yes ]; then
		if [ "$(id -u)" -ne 0 ] && has apt-get && sudo -n true 2>/dev/null; then
			# shellcheck disable=SC2086 # words
			exec sudo -n env CI="${CI:-}" "$0" $only
		fi
		install_missing
	fi
	wanted=$(missing)
	[ -n "$wanted" ] || return 0
	say "Not installed: $(echo "$wanted" | column 1). What needs them cannot run; the integration tests are skipped."
	[ "${CI:-}" != true ] || { say 'CI=true, so that is an error.' && exit 1; }
}

# missing prints the lines of the servers that are not installed.
missing() {
	echo "$servers" | while read -r program rest; do
		[ -z "$program" ] || ! asked "$program" || has "$program" || echo "$program $rest"
	done
}

# asked tells whether a program is among those to look after.
asked() { case " ${only:-$1} " in *" $1 "*) ;; *) false ;; esac; }

has() { command -v "$1" >/dev/null || { [ "${1#/}" != "$1" ] && [ -e "$1" ]; }; }

# column prints one column of the lines it reads, as words.
column() { awk -v n="$1" 'NF && $n != "-" {printf "%s%s", sep, $n; sep = " "}'; }

# install_missing installs what $wanted lists.
install_missing() {
	if ! has apt-get; then
		say 'This is not Debian or one of its kind, so the servers for the integration tests are not installed.'
		return
	fi
	if [ "$(id -u)" -ne 0 ]; then
		say 'Installing the servers for the integration tests takes root, or a sudo that asks for no password.'
		return
	fi
	exec 9>/run/lock/ews_exporter-test-servers
	flock 9 # two checkouts may be tested at once, and there is one policy-rc.d

	trap allow_services EXIT
	trap 'exit 1' INT TERM
	forbid_services
	unpacked=$(echo "$wanted" | awk '$3 == "unpack"')
	wanted=$(echo "$wanted" | awk '$3 != "unpack"')
	packages=$(echo "$wanted" | column 2)
	[ -z "$unpacked" ] || packages="$packages $(needs)"
	# The package lists of a fresh container are empty, those of an old machine outdated: either shows in a failed install.
	# shellcheck disable=SC2086 # words
	apt_install $packages || { apt-get -q update && apt_install $packages; } ||
		say 'apt-get could not install the servers for the integration tests; its messages are above.'
	for service in $(echo "$wanted" | column 3); do
		disable "$service" # or it would start with the machine
	done
	allow_services
	trap - EXIT INT TERM
	for package in $(echo "$unpacked" | column 2); do
		unpack "$package" || say "apt-get could not fetch $package; its messages are above."
	done
}

# needs lists what the unpacked programs need of other packages.
needs() { echo libidn12 libgnutls-dane0 libdb5.3 libnsl2 libpcre2-8-0; }

# unpack puts a package's files into $cache. Exim does not start without the user that its package would make.
unpack() {
	getent passwd Debian-exim >/dev/null || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin Debian-exim
	mkdir -p "$cache" && (
		cd "$cache" || exit 1
		rm -f "$1"_*.deb
		apt-get -q -o APT::Sandbox::User=root download "$1" && dpkg -x "$1"_*.deb . && rm -f "$1"_*.deb
	)
}

apt_install() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
}

# forbid_services makes Debian's packages start nothing, which is what policy-rc.d is for: 101 is "action forbidden".
forbid_services() {
	if [ -e "$policy" ] && [ ! -e "$saved" ]; then # the saved one is still there when an earlier run was killed
		mv "$policy" "$saved"
	fi
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
}

# allow_services gives the machine its own policy back.
allow_services() {
	rm -f "$policy"
	[ ! -e "$saved" ] || mv "$saved" "$policy"
}

# disable keeps a service that came with a package from starting with the machine.
disable() {
	if has update-rc.d && [ -e "/etc/init.d/$1" ]; then
		update-rc.d "$1" disable >/dev/null 2>&1
	elif has systemctl; then
		systemctl disable "$1" >/dev/null 2>&1
	fi || say "The service $1 may start with this machine."
}

say() { printf '\n*** %s\n\n' "$*" >&2; }

main
