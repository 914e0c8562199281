#!/bin/sh
# "purge" is dpkg's word for leaving nothing: what the service remembered goes, too. Secrets in /etc/ews_exporter are their
# owner's, and stay.
set -e
if [ "$1" = purge ]; then
	rm -rf /var/lib/ews_exporter /var/lib/private/ews_exporter
fi
[ ! -d /run/systemd/system ] || systemctl daemon-reload
