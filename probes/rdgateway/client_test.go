package rdgateway_test

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// display is an X server for a client that draws, and its name. It ends with the test.
func display(t *testing.T) (name string) {
	t.Helper()
	program := servers.Need(t, "Xvfb")
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = read.Close() }()
	cmd := exec.CommandContext(t.Context(), program, "-displayfd", "3", "-nolisten", "tcp", "-screen", "0", "640x480x24") // #nosec G204 -- the test's own
	cmd.ExtraFiles = []*os.File{write}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // it was told to go
	})
	number, err := bufio.NewReader(read).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb names no display: %v", err)
	}
	return ":" + strings.TrimSpace(number)
}

// TestFreeRDPTakesItForAGateway: FreeRDP, which is not ours, logs on by NTLM, reads the simulated gateway's answer to the handshake, and
// goes on to the tunnel, which nothing opens here.
func TestFreeRDPTakesItForAGateway(t *testing.T) {
	t.Parallel()
	program := servers.Need(t, "xfreerdp")
	address, packets := serveGateway(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "/v:desktop.contoso.test", "/u:probe", "/p:none", "/cert:ignore", "/log-level:DEBUG", // #nosec G204 -- the test's own
		"/gt:http,no-websockets", "/g:localhost:"+port(address), "/gd:CONTOSO", "/gu:probe", "/gp:"+lab.Password)
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "DISPLAY="+display(t), "HOME="+home, "XDG_CONFIG_HOME="+home)
	cmd.WaitDelay = time.Second
	said, _ := cmd.CombinedOutput() // it does not end well, for there is no desktop
	const handshake, tunnel = 1, 4
	if kinds := packets.all(); !slices.Equal(kinds, []uint16{handshake, tunnel}) {
		t.Errorf("FreeRDP sent packets of the types %v, want a handshake request and, content with the answer, a tunnel's", kinds)
	}
	for _, word := range []string{"RDG_OUT_DATA authorization result: 200", "RDG_IN_DATA authorization result: 200", "Handshake response received", "verMajor=1, verMinor=0"} {
		if !bytes.Contains(said, []byte(word)) {
			t.Errorf("FreeRDP does not say %q", word)
		}
	}
	if t.Failed() {
		t.Logf("%s", said)
	}
}

// TestCurlLogsOn: curl, which is not ours, logs on by Basic with a verb of the gateway's, and gets what each transport begins by. (Its
// NTLM has no integrity code, which the simulated site wants.)
func TestCurlLogsOn(t *testing.T) {
	t.Parallel()
	program := servers.Need(t, "curl")
	address, _ := serveGateway(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, script.Authority().PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		password string
		fields   []string
		want     []string
	}{
		"http":       {lab.Password, nil, []string{"HTTP/1.1 200 OK", "\xab\xcd\xab\xcd\xab\xcd\xab\xcd\xab\xcd"}},
		"websocket":  {lab.Password, []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}, []string{"HTTP/1.1 101 ", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}},
		"a stranger": {"not-the-one-of-this-lab", nil, []string{"HTTP/1.1 401 "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{
				"--silent", "--http1.1", "--include", "--no-buffer", "--max-time", "3", "--cacert", ca, "--request", "RDG_OUT_DATA",
				"--basic", "--user", lab.Username + ":" + tt.password, "--header", "RDG-Connection-Id: {4711}",
			}
			for _, field := range tt.fields {
				args = append(args, "--header", field)
			}
			said, _ := exec.CommandContext(t.Context(), program, append(args, "https://localhost:"+port(address)+"/remoteDesktopGateway/")...).Output() // #nosec G204 -- the test's own; the time limit ends it
			last := said[max(0, bytes.LastIndex(said, []byte("HTTP/1.1 "))):]
			for _, want := range tt.want {
				if !bytes.Contains(last, []byte(want)) {
					t.Errorf("curl got no %q:\n%q", want, said)
				}
			}
		})
	}
}
