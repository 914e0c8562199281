#!/bin/sh
# Stops the service where the package goes ("remove" of dpkg, 0 of rpm), and not where another version comes.
set -e
[ -d /run/systemd/system ] || exit 0
case $1 in
remove | 0) systemctl disable --now ews_exporter.service ;;
esac
