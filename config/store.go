package config

import (
	"sync"
	"sync/atomic"
	"time"
)

// Store holds the configuration in force. It is safe for concurrent use.
type Store struct {
	load    func() (*Config, error)
	loading sync.Mutex // held by the one reload that is under way
	current atomic.Pointer[Config]
	last    atomic.Pointer[reload]
}

// reload is how the last one went.
type reload struct {
	ok bool
	at time.Time
}

// NewStore loads the first configuration. The error is load's.
func NewStore(load func() (*Config, error)) (*Store, error) {
	s := &Store{load: load}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Current is the configuration in force, never nil. A probe asks once and keeps what it got.
func (s *Store) Current() *Config { return s.current.Load() }

// Reload loads the configuration and puts it in force, whole or not at all: on an error, which is load's, the old one
// stays. One reload runs at a time; another waits, and then loads again.
func (s *Store) Reload() error {
	s.loading.Lock()
	defer s.loading.Unlock()
	c, err := s.load()
	if err != nil {
		_, at := s.LastReload()
		s.last.Store(&reload{ok: false, at: at})
		return err
	}
	s.current.Store(c)
	s.last.Store(&reload{ok: true, at: time.Now()})
	return nil
}

// LastReload tells whether the last load succeeded, and when one last did.
func (s *Store) LastReload() (ok bool, at time.Time) {
	if last := s.last.Load(); last != nil {
		return last.ok, last.at
	}
	return false, time.Time{}
}
