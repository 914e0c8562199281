package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// runService does what the commands of service say.
func (c *command) runService() int {
	var err error
	switch c.selected {
	case serviceInstall:
		if code, ok := c.installable(); !ok {
			return code
		}
		err = c.installService()
	case serviceRemove:
		err = c.removeService()
	case serviceRun:
		err = c.serviceMain()
	}
	switch {
	case errors.Is(err, windows.ERROR_ACCESS_DENIED):
		return c.fail("%v Open PowerShell by \"Run as administrator\".", err)
	case err != nil:
		return c.fail("%v", err)
	}
	return exitOK
}

func (c *command) installService() error {
	f := &c.service
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if f.folder, err = os.Getwd(); err != nil {
		return fmt.Errorf("find the present folder: %w", err)
	}
	manager, err := mgr.Connect()
	if err != nil {
		return notDone("install", f.name, err)
	}
	defer manager.Disconnect() //nolint:errcheck // what was to be done was done, or is told of
	s, err := manager.CreateService(f.name, program, mgr.Config{
		DisplayName: "ews_exporter", Description: "Probes Exchange Web Services and the IIS sites around it for Prometheus.",
		StartType: mgr.StartAutomatic, ServiceStartName: `NT SERVICE\` + f.name,
	}, f.arguments()...)
	if err != nil {
		return notDone("install", f.name, err)
	}
	defer s.Close() //nolint:errcheck // as above
	// A source that an earlier service left behind serves as well.
	if err := eventlog.InstallAsEventCreate(f.name, eventlog.Error|eventlog.Warning|eventlog.Info); err != nil && !strings.Contains(err.Error(), "already exists") {
		return errors.Join(fmt.Errorf("cannot name %s to the event log, so the service was not installed: %w", f.name, err), s.Delete())
	}
	again := []mgr.RecoveryAction{{Type: mgr.ServiceRestart, Delay: 10 * time.Second}, {Type: mgr.ServiceRestart, Delay: time.Minute}}
	err = errors.Join(s.SetRecoveryActions(again, uint32((24*time.Hour).Seconds())), s.SetRecoveryActionsOnNonCrashFailures(true))
	if err != nil { // Wine has only the first
		c.print("After a failure the service manager may not start it again: %v\n", err)
	}
	c.print("Installed. Start it: Start-Service %s\n", f.name)
	return nil
}

// stopLimit is how long a service may take to stop.
const stopLimit = patience + 2*farewell

func (c *command) removeService() error {
	f := &c.service
	manager, err := mgr.Connect()
	if err != nil {
		return notDone("remove", f.name, err)
	}
	defer manager.Disconnect() //nolint:errcheck // what was to be done was done, or is told of
	s, err := manager.OpenService(f.name)
	if err != nil {
		return notDone("remove", f.name, err)
	}
	defer s.Close() //nolint:errcheck // as above
	if err := stopService(s); err != nil {
		return notDone("stop", f.name, err)
	}
	if err := s.Delete(); err != nil {
		return notDone("remove", f.name, err)
	}
	if err := eventlog.Remove(f.name); err != nil && !errors.Is(err, windows.ERROR_FILE_NOT_FOUND) {
		return fmt.Errorf("the service was removed, its name in the event log was not: %w", err)
	}
	c.print("Removed.\n")
	return nil
}

// stopService stops a service that runs, and waits for it.
func stopService(s *mgr.Service) error {
	status, err := s.Control(svc.Stop)
	if errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return nil
	}
	for deadline := time.Now().Add(stopLimit); err == nil && status.State != svc.Stopped; status, err = s.Query() {
		if time.Now().After(deadline) {
			return fmt.Errorf("it runs on after %s", stopLimit)
		}
		time.Sleep(200 * time.Millisecond)
	}
	return err
}

// serviceMain is the service, as long as the service manager lets it run.
func (c *command) serviceMain() error {
	events, err := eventlog.Open(c.service.name)
	if err != nil {
		return fmt.Errorf("open the event log: %w", err)
	}
	defer events.Close() //nolint:errcheck // nothing is lost
	atTerminal := c.stderr
	c.stderr = eventWriter{events}
	if err := os.Chdir(c.service.folder); err != nil {
		return fmt.Errorf("--folder: %w", err)
	}
	err = svc.Run(c.service.name, c)
	if errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
		c.stderr = atTerminal
		return fmt.Errorf("only the service manager starts this: Start-Service %s; to serve from a terminal, leave \"service run\" out", c.service.name)
	}
	return err
}

// Execute serves until the service manager says stop. What is in flight then is answered, as after SIGTERM.
func (c *command) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (specific bool, code uint32) {
	status <- svc.Status{State: svc.StartPending}
	inner, mistake := c.served()
	if inner == nil {
		return true, uint32(mistake)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	listening, ended := make(chan struct{}), make(chan int, 1)
	go func() { ended <- inner.serveUntil(ctx, &inner.serve, func([]net.Listener) { close(listening) }) }()
	for {
		select {
		case <-listening:
			listening = nil
			status <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
		case exit := <-ended:
			return exit != exitOK, uint32(exit)
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				status <- r.CurrentStatus
			case svc.Stop, svc.Shutdown:
				status <- svc.Status{State: svc.StopPending, WaitHint: uint32(stopLimit.Milliseconds())}
				stop()
			}
		}
	}
}

// eventWriter writes to the event log of Windows what a terminal would show.
type eventWriter struct{ *eventlog.Log }

// event is the number of all events: EventCreate.exe, by which they are shown, knows those from 1 to 1000.
const event = 1

// Write is for what is said beside the log: why the exporter could not start.
func (w eventWriter) Write(p []byte) (int, error) {
	return len(p), w.Record(slog.LevelError, string(p))
}

// Record writes one record.
func (w eventWriter) Record(level slog.Level, text string) error {
	text = clip(strings.ReplaceAll(strings.TrimSpace(text), "\x00", "\ufffd"))
	switch {
	case level >= slog.LevelError:
		return w.Error(event, text)
	case level >= slog.LevelWarn:
		return w.Warning(event, text)
	}
	return w.Info(event, text)
}

// clip cuts a text to what an event may hold, 31,839 characters (ReportEvent, Microsoft Learn); no more bytes is no more of them.
func clip(text string) string {
	const most = 31_000
	if len(text) <= most {
		return text
	}
	cut := most
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}

// notDone says what the service manager did not do.
func notDone(what, name string, err error) error {
	return fmt.Errorf("cannot %s the service %s: %w", what, name, err)
}
