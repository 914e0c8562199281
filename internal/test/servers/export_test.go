package servers

// WithoutRoot has the tests of this process take themselves for those of an ordinary user.
func WithoutRoot() { euid = func() int { return 1000 } }
