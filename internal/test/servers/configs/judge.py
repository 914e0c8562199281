"""An HTTPS server that lets GSSAPI judge logons, channel bindings among them.

Each connection has a GSSAPI context of its own, bound to the server's certificate (RFC 5929, tls-server-end-point). A
complete logon is answered 200, with a field that says who it was and whether GSSAPI found the channel bound.
"""
import base64
import hashlib
import http.server
import ssl
import sys

import gssapi
import gssapi.raw

address, certificate, offered = sys.argv[1:4]

with open(certificate, encoding="ascii") as file:
    leaf = ssl.PEM_cert_to_DER_cert(file.read().split("-----BEGIN PRIVATE KEY-----", maxsplit=1)[0])
bindings = gssapi.raw.ChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(leaf).digest())


class Handler(http.server.BaseHTTPRequestHandler):
    """Handles one connection; context is its GSSAPI context."""

    protocol_version = "HTTP/1.1"
    context = None

    def do_GET(self):  # pylint: disable=invalid-name
        """Takes one leg of a logon, or asks for one."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if not token:
            self.answer(401, {"WWW-Authenticate": offered})
            return
        try:
            done = gssapi.raw.accept_sec_context(
                base64.b64decode(token), context=self.context, channel_bindings=bindings)
        except gssapi.exceptions.GSSError as error:
            self.context = None
            sys.stderr.write(f"refused: {error}\n")
            self.answer(401, {"WWW-Authenticate": scheme})
            return
        self.context = done.context
        reply = f"{scheme} {base64.b64encode(done.token).decode()}" if done.token else None
        if done.more_steps:
            self.answer(401, {"WWW-Authenticate": reply})
            return
        bound = gssapi.RequirementFlag.channel_bound in done.flags
        name = gssapi.raw.display_name(done.initiator_name).name.decode().rstrip("\0")  # gss-ntlmssp counts the final NUL
        fields = {"X-Initiator": name, "X-Channel-Bound": "yes" if bound else "no"}
        if reply:
            fields["WWW-Authenticate"] = reply
        self.context = None
        self.answer(200, fields)

    do_RPC_IN_DATA = do_RPC_OUT_DATA = do_RDG_IN_DATA = do_RDG_OUT_DATA = do_GET  # a logon is judged whatever it is for

    def answer(self, status, fields):
        """Writes a response without a body."""
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


host, port = address.rsplit(":", 1)
server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(certificate)
server.socket = tls.wrap_socket(server.socket, server_side=True)
server.serve_forever()
