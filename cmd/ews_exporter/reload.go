package main

import (
	"context"
	"os"
	"strings"
	"time"
)

// settling is how long the configuration's files must be left alone before they are taken for whole: some programs write
// a file bit by bit.
const settling = time.Second

// every gives a moment at each interval; none where that is 0.
func every(interval time.Duration) (ticks <-chan time.Time, stop func()) {
	if interval == 0 {
		return nil, func() {}
	}
	ticker := time.NewTicker(interval)
	return ticker.C, ticker.Stop
}

// reloadOn reloads the configuration at each signal, and at each tick where its files have changed, until ctx ends.
func (e *exporter) reloadOn(ctx context.Context, hangup <-chan os.Signal, ticks <-chan time.Time) {
	told := "" // the mistakes that the log was told of last
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			_ = e.reload() // it logs what is wrong
		case <-ticks:
			told = e.reloadChanged(ctx, told)
		}
	}
}

// reloadChanged reloads the configuration if its files have changed and are left alone now. Mistakes are logged once, and
// not at every look until they are mended: told are those that were, and what it gives are those that are now.
func (e *exporter) reloadChanged(ctx context.Context, told string) string {
	now := e.store.Current().StateNow(e.files)
	if good, _ := e.store.LastReload(); good && now == e.store.Current().State() {
		return ""
	}
	select {
	case <-ctx.Done():
		return told
	case <-time.After(settling):
	}
	if e.store.Current().StateNow(e.files) != now {
		return told // being written: the next look will see it whole
	}
	err := e.readAgain()
	switch {
	case err == nil:
		e.log.Info("Configuration has changed, and was reloaded")
		return ""
	case err.Error() != told:
		e.tell(err)
	}
	return err.Error()
}

// reload reads the configuration again, and tells the log and the metrics how that went.
func (e *exporter) reload() error {
	err := e.readAgain()
	if err != nil {
		e.tell(err)
		return err
	}
	e.log.Info("Configuration reloaded")
	return nil
}

func (e *exporter) readAgain() error {
	err := e.store.Reload()
	e.self.Reloaded(err == nil)
	return err
}

// tell logs the mistakes for which the configuration was not reloaded.
func (e *exporter) tell(err error) {
	e.log.Error("Configuration not reloaded, the old one stays in force")
	for line := range strings.Lines(err.Error()) {
		e.log.Error("Configuration", "problem", strings.TrimSpace(line))
	}
}
