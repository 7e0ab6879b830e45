"""The parse state that a wheel brings along: how it is made, what it hangs on, where it lies."""
