#!/bin/sh
# dpkg says "configure" and the version that was there before, rpm how many there are now. A first installation starts nothing:
# the port would be open to everybody, and nothing would say what may be probed.
set -e
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
case $1:$2 in
configure:?* | 2:*) systemctl try-restart ews_exporter.service ;;
configure: | 1:*) echo 'Configure it in /etc/ews_exporter, then: systemctl enable --now ews_exporter' ;;
esac
