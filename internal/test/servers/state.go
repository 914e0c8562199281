package servers

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// StartMonoState runs Mono's state server for ASP.NET, and returns its address. It speaks .NET Remoting, and not what the state
// service of Windows does. It ends when its input does, so that is held open.
func StartMonoState(t testing.TB) (address string) {
	t.Helper()
	Need(t, "asp-state4")
	return Server{Program: "sh", Args: func(p Place) []string {
		const installed = "/usr/lib/xsp/4.0/asp-state4.exe"
		program, err := os.ReadFile(installed)
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(p.Address)
		config := strings.ReplaceAll(monoState, "PORT", port)
		for name, content := range map[string][]byte{"state.exe": program, "state.exe.config": []byte(config)} {
			if err := os.WriteFile(filepath.Join(p.Dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return []string{"-c", "tail -f /dev/null | exec mono state.exe"}
	}}.Start(t, Place{})
}

// monoState is its configuration.
const monoState = `<configuration><system.runtime.remoting><application name="state">
<service><wellknown mode="Singleton" type="System.Web.SessionState.RemoteStateServer, System.Web, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a" objectUri="StateServer" /></service>
<channels><channel ref="tcp" port="PORT" bindTo="127.0.0.1" /></channels>
</application></system.runtime.remoting></configuration>
`
